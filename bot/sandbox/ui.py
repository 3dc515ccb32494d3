"""The JSON interface of the page and of the test driver, on loopback only.

| route | body or query | answer |
|---|---|---|
| GET /ui/channels | user | `channels` (those the person sees), `users`, `usergroups`, `commands`, `apps` |
| GET /ui/messages | channel, user, thread_ts? | `messages`, oldest first; with thread_ts the parent and its replies |
| GET /ui/views | user | `views` (open modals, top last), `home` |
| POST /ui/message | user, channel, text, thread_ts? | `message`; for a slash command `command`, `acked`, `ack_ms` |
| POST /ui/upload | multipart: user, channel, thread_ts?, initial_comment?, then file parts | `message`, `files` |
| POST /ui/action | user, action_id, block_id?, value?, values?, and channel + ts, or view_id | `acked`, `ack_ms` |
| POST /ui/options | user, action_id, block_id?, value, and channel + ts, or view_id | `options`, `option_groups` |
| POST /ui/view/submit | user, view_id, values | `ok`; else `errors` by block_id, or `error` + `message` |
| POST /ui/view/close | user, view_id | |
| POST /ui/home | user, app_id? | raises app_home_opened; `home` is what is published now |
| POST /ui/reaction | user, channel, ts, name | adds a reaction |
| POST /ui/invite | user, channel, by? | makes someone a member |
| POST /ui/im | user, with | `channel`: their direct message |
| GET /ui/files/{id} | | the bytes |
| GET /ui/changes | user | server-sent events; `data` is `{kind, channel, ts, thread_ts, view_id}`, first `{"kind": "hello"}` |
| GET /ui/violations | | `violations` |
| POST /ui/faults | see `bot.sandbox.faults` | |

Every answer has `ok`; a refusal has `error` and, where there is one, a `message` for the person.
`values` is `{block_id: {action_id: value}}`: text for inputs, the option's value (or a list of them) for selects,
checkboxes and radio buttons, an id (or a list) for users and channels, `YYYY-MM-DD` and `HH:MM` for pickers.
"""
