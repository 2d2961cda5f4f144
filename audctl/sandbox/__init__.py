"""Local stand-in for the Adobe services that audctl talks to.

One loopback HTTP server answers as IMS (`/ims/token/v3`), Audience Manager REST (`/v1/...`) and Campaign SOAP
(`/nl/jsp/soaprouter.jsp`). State lives in one SQLite file, survives restarts, and follows a virtual clock.

It is written from the documentation of those services and imports nothing from the rest of audctl, so a contract
misread by a provider shows up as a failing test instead of cancelling out. Where the documentation leaves a
behaviour open, the choice made here is named in `audience_manager.choices` (and its Campaign counterpart).

It never reaches beyond loopback and holds no real credentials: client ids and secrets are fixed and public.
"""
