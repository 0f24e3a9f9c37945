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
A request that was answered 4xx changed nothing. 503 and a connection that broke off may be tried again: operations that
take an `Idempotency-Key` do a thing once, `PUT` and `DELETE` say what is to be, and the others are told by their answer.

## Once, however often it is sent

`POST /v1/messages`, `/v1/contacts/{who}/ask` and `/v1/conversations/{who}/answer` need `Idempotency-Key`: 1 to 128 bytes
of your own. The same key with the same body is answered as the first time and sends nothing more; with another body it
is 422 `idempotency_key_reused`. `POST /v1/events` has its own `id` for the same purpose.

## Lists

A list that grows is a page: `items` and `next_cursor`. `limit` is 1 to 200 (50 when absent); a page beyond is asked for
with `after`, the `next_cursor` of the one before; `next_cursor` is null on the last. A cursor is opaque and stays good while
rows are added.
";

/// The whole page.
#[must_use]
pub fn api_page() -> String {
    format!("{HEAD}{}{REST}", codes::table())
}
