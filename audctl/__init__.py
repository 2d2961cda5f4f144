"""Audiences shared between Adobe Campaign and Adobe Experience Cloud, as code."""

__version__ = "0.1.0"
