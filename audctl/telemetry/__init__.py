"""Spans of a run for whoever collects them: the run, its steps, its HTTP calls, in OpenTelemetry's own protocol.

Takes what the parts tell through the Tracer port; gives it to the exporter that the standard environment variables
describe. Loaded only where spans are configured. It promises that no secret, no query string, no body and no text of a
live system leaves in a span, and that a collector that is away costs a run a few seconds at most and fails nothing.
"""
