"""A local workspace that speaks Slack's protocols, for tests, the demo and anyone without a Slack app.

state        model, changes, viewstack, workspace; demo and manifest fill one
rules        blocks*, content, viewform, viewcheck (what may be said); limits, timings, interactions (how often)
Web API      api (tokens, scopes, rates), api_* (the methods), args, paging; answers (response_url), transfer (bytes)
delivery     delivery (retries, faults), sockets (Socket Mode), signed (HTTP), events and payloads (their JSON)
people       people, people_views, viewanswers (what a person does and what comes of it); mrkdwn (what they type)
page         ui* (JSON and server-sent events), page* and richtext (HTML)
driving it   server (`Sandbox`), person, seen (`Person`, what they see), faults

A rule an app breaks is answered with Slack's own error and kept in `Workspace.violations`.
"""
