"""The sandbox of the contract suite, for the parts under the providers."""

from tests.contract.conftest import bench, sandbox_url

__all__ = ["bench", "sandbox_url"]
