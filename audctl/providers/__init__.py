"""The live systems behind one port: Audience Manager over REST, Campaign over SOAP.

Takes canonical fields (:mod:`audctl.model.objects`), gives live objects in canonical form. Promises: a read
that failed, was cut or was refused raises and is never an absent object; a create is never repeated blindly;
every failure is a ProviderError that says whether to repeat and whether the write perhaps happened; secrets
reach the wire only.

==============  ==============================================================================
call            one HTTP call as data, and its answer
failures        what an exception of the HTTP library or a status means for the caller
retry           when to repeat, and after how long
transport       one kept connection pool per endpoint: the only place that does HTTP
aftermath       what a failure means once a write has been sent
ims             sign-in: how a token is fetched, reused, renewed
==============  ==============================================================================

The two providers do not know each other.
"""

import sys

# httpx brings its own command line along wherever Click, Rich and Pygments can be imported, and they cost a small plan
# a tenth of its time. It does without what cannot be imported, which is what None stands for.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
