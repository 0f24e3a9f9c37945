//! The page of the API, host/docs/api.md: what holds for every operation.

use crate::http::codes;

const HEAD: &str = "\
# The API

`/v1` speaks JSON over HTTP; [openapi.json](openapi.json) describes every operation, and every host shows its own at
`/openapi.json`. This page says what holds for all of them. It is generated (`UPDATE_DOCS=1 cargo test -p portero-tests
--test tidy`). Tokens, roles and rights are in [access.md](access.md).

```sh
curl -H \"Authorization: Bearer ptr_…\" http://127.0.0.1:8080/v1/overview
```

An operator's token reaches several tenants and names one with `X-Portero-Tenant` (slug or id). Instants are RFC 3339 in
UTC. No text may hold the character U+0000. Unknown fields and parameters are refused, not ignored.

## A refusal is an answer

A proposal that the gate refuses is answered 202 with its verdict: look at `verdict`. What is described below is a
*request* that could not be done.

## Problems

Every answer from 400 on is `application/problem+json` (RFC 9457): `status`, `title`, `detail` for people, and `code`, a
stable word for programs. Codes are added, never renamed.

";

const REST: &str = "
A path answers 405 `no_such_method` to a method that it does not take, with `Allow`; no operation of the document says so,
`components.responses.MethodNotAllowed` does.

A request that was answered 4xx changed nothing. 503 and a connection that broke off may be tried again: operations that
take an `Idempotency-Key` do a thing once, `PUT` and `DELETE` say what is to be, and the others are told by their answer.

## Once, however often it is sent

`POST /v1/messages`, `/v1/contacts/{who}/ask` and `/v1/conversations/{who}/answer` need `Idempotency-Key`: 1 to 128 bytes
of your own. The same key with the same body is answered as the first time and sends nothing more; with another body it
is 422 `idempotency_key_reused`. `POST /v1/events` has its own `id` for the same purpose.

`POST /v1/campaigns`, `/v1/imports`, `/v1/webhooks`, `/v1/tokens` and `/v1/users` take an `Idempotency-Key` too, and keep it
for seven days per tenant (a token's and a user's: of the tenant they are for, or of the whole server). A second time they
answer what was made, as it is by now, and make nothing. What is shown once is kept nowhere, so it is absent from the second
answer: `token` of a token, `secret` of a webhook, `password` of a user for whom one was made. If the first answer was lost,
end the token and make another under a new key, rotate the webhook's secret, or set another password. Of the body a
hash is kept, without `password`. What was removed meanwhile answers 404.

## Two who change the same thing

`/v1/policy`, `/v1/contacts/{who}`, `/v1/retention` and `/v1/settings/answer-within` are read and put at one path. `GET` and
`PUT` answer with an `ETag`, another word whenever the thing looks otherwise; a `GET` with it in `If-None-Match` is 304
without a body while it holds. A `PUT` with it in `If-Match` is done only while it holds, else it is 412
`changed_meanwhile`: read again, decide again. `If-Match: *` asks that the thing is there: nobody is created. Without
`If-Match` the last one wins. `PUT /v1/registries/{id}` does the same; `PUT /v1/numbers` takes the tag of
`GET /v1/numbers/{id}`, `PUT /v1/users/{user}/role` and `PUT /v1/apps/{app}` those of `GET` at their path. A wording's version
never changes its text, so it needs no tag. A person looks otherwise too when they wrote, agreed, or their window closed, and terms when
something went.

## How often

Each access token may make `api_per_second` requests (100), after a rest `api_burst` at once (1,000); all tokens of a tenant
together `api_tenant_per_second` (200) and `api_tenant_burst` (2,000); who has no good token `api_strangers_per_minute` (60)
per address, of IPv6 per network of 64 bits. 0 switches a limit off; the demo has none. What is too much is answered 429
`rate_limited` before anything of it is read, with `Retry-After` in seconds. Every answer of an operation says how the limits
stand (draft-ietf-httpapi-ratelimit-headers-10): `RateLimit-Policy: \"token\";q=1000;w=10` (so many at once, given back in so
many seconds), `RateLimit: \"token\";r=999;t=1` (left, seconds until all is there again). `portero` waits by itself.

A good token is let in whatever others try from its address. Each process counts for itself, so that two hosts behind one
address let through up to twice as much. Meta's webhooks, `/healthz`, `/readyz`, `/version` and `/metrics` have no such
limit; logins have their own ([access.md](access.md)).

## Lists

A list that grows is a page: `items` and `next_cursor`. `limit` is 1 to 200 (50 when absent); a page beyond is asked for
with `after`, the `next_cursor` of the one before; `next_cursor` is absent on the last. A cursor is opaque and stays good while
rows are added.

Some lists come whole. What a shop sets up bounds these: numbers, plugins, segments, reports, registries, wordings,
the people of `/v1/sandbox`, webhooks and their kinds, `/v1/inbox/counts`, `/v1/grid`, `/v1/me/sessions`.
";

/// The whole page.
#[must_use]
pub fn api_page() -> String {
    format!("{HEAD}{}{REST}", codes::table())
}
