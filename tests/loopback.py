"""HTTP calls to servers on this machine, as httpx makes them, but for certificates: nobody shows one here.

Made once for all: httpx reads the certificate store for each client, and that takes longer than starting a sandbox.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx.get, verify=_TRUSTS_NOBODY)
post = partial(httpx.post, verify=_TRUSTS_NOBODY)
put = partial(httpx.put, verify=_TRUSTS_NOBODY)
delete = partial(httpx.delete, verify=_TRUSTS_NOBODY)
client = partial(httpx.Client, verify=_TRUSTS_NOBODY)
