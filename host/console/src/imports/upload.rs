//! A file is read as it comes in: the fields of the form before it, then its bytes, never held as a whole.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use multer::{Constraints, Field, Multipart, SizeLimit};
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::audit::Made;
use portero_flow::desk::imports::{self as desk, Feeder, ImportView, SAMPLE_BYTES};
use portero_flow::desk::tenants::TenantView;

use super::attest::Sheet;
use super::show;
use crate::frame::Visit;
use crate::problem::Problem;
use crate::shown::to;
use crate::{ConsoleState, reach};

/// Bytes of a field that is no file.
const FIELD_BYTES: u64 = 16 * 1024;
/// Fields before the file: those of the form, and two for each column.
const FIELDS: usize = 1_000;
/// Bytes still read of a file that was refused, so that its sender gets the answer.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;

fn unreadable(error: &multer::Error) -> Problem {
    Problem::BadInput(format!("the form does not read: {error}"))
}

/// `POST …`: checks a file, or brings its people in.
pub(crate) async fn upload(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default());
    let boundary = boundary.map_err(|error| unreadable(&error))?;
    // The file may be of any size: it is read as it comes in.
    let limits = SizeLimit::new()
        .per_field(FIELD_BYTES)
        .for_field("file", u64::MAX);
    let limits = Constraints::new().size_limit(limits);
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let mut sheet = Sheet::default();
    for _ in 0..FIELDS {
        let field = form
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?;
        let Some(mut field) = field else {
            break;
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            let text = field.text().await.map_err(|error| unreadable(&error))?;
            // No text may hold it: Postgres keeps none that does.
            sheet.put(name, text.replace('\0', ""));
            continue;
        }
        let came = take(&state, &tenant, &sheet, &mut field).await;
        return match came {
            Ok(id) => Ok(done(&tenant, sheet.get("lang"), &id)),
            Err(NotTaken::Form(field_name, why)) => {
                drain(&mut field).await;
                let visit = Visiting {
                    state: &state,
                    principal: &principal,
                    headers: &headers,
                };
                visit.again(&tenant, sheet.not(&field_name, why)).await
            }
            Err(NotTaken::File(id)) => {
                drain(&mut field).await;
                Ok(done(&tenant, sheet.get("lang"), &id))
            }
            Err(NotTaken::Other(problem)) => Err(problem),
        };
    }
    let visit = Visiting {
        state: &state,
        principal: &principal,
        headers: &headers,
    };
    visit.again(&tenant, sheet.not("file", String::new())).await
}

struct Visiting<'a> {
    state: &'a ConsoleState,
    principal: &'a Principal,
    headers: &'a HeaderMap,
}

impl Visiting<'_> {
    /// The form once more, with what is wrong in it.
    async fn again(&self, tenant: &TenantView, sheet: Sheet) -> Result<Response, Problem> {
        let lang = sheet.get("lang").to_owned();
        let visit = Visit {
            state: self.state,
            principal: self.principal,
            headers: self.headers,
            entry: "/contacts",
            lang: Some(&lang),
            shop: Some(&tenant.slug),
        };
        let mut response = show(visit, None, sheet).await?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        Ok(response)
    }
}

/// To the page of the file.
fn done(tenant: &TenantView, lang: &str, id: &str) -> Response {
    let page = format!("/imports/{}/{id}", tenant.slug);
    let mut response = to(&page, &[("lang", lang)]);
    response.extensions_mut().insert(Made {
        id: id.to_owned(),
        tenant: Some(tenant.id),
    });
    response
}

/// Why a file was not taken.
enum NotTaken {
    /// The form: field and why.
    Form(String, String),
    /// The file itself, whose page says why.
    File(String),
    /// Neither.
    Other(Problem),
}

impl From<FlowError> for NotTaken {
    fn from(error: FlowError) -> NotTaken {
        NotTaken::Other(error.into())
    }
}

impl From<multer::Error> for NotTaken {
    fn from(error: multer::Error) -> NotTaken {
        NotTaken::Other(unreadable(&error))
    }
}

/// Reads a file to its end; gives its id.
async fn take(
    state: &ConsoleState,
    tenant: &TenantView,
    sheet: &Sheet,
    field: &mut Field<'static>,
) -> Result<String, NotTaken> {
    let ctx = &state.ctx;
    let label = field.file_name().unwrap_or_default().replace('\0', "");
    let mut sample = Vec::new();
    while sample.len() < SAMPLE_BYTES {
        match field.chunk().await? {
            Some(piece) => sample.extend_from_slice(&piece),
            None => break,
        }
    }
    if sample.is_empty() && label.is_empty() {
        return Err(NotTaken::Form("file".to_owned(), String::new()));
    }
    let mut request = sheet.request(&label);
    let head = sample.get(..SAMPLE_BYTES).unwrap_or(&sample);
    desk::leave_consents_out(&mut request, head);
    let begun: ImportView = match desk::create(ctx, tenant.id, &request, None).await {
        Ok(begun) => begun,
        Err(FlowError::BadInput { field, why }) => return Err(NotTaken::Form(field, why)),
        Err(error) => return Err(error.into()),
    };
    let id = begun.id.to_string();
    // What is wrong with the file is kept with it.
    let told = |error: FlowError| match error {
        FlowError::BadInput { .. } => NotTaken::File(id.clone()),
        other => other.into(),
    };
    let mut feeder = Feeder::open(ctx, tenant.id, begun.id, 0).await?;
    feeder.push(ctx, &sample).await.map_err(told)?;
    drop(sample);
    while let Some(piece) = field.chunk().await? {
        feeder.push(ctx, &piece).await.map_err(told)?;
    }
    feeder.finish(ctx).await.map_err(told)?;
    Ok(id)
}

/// Who is still sending does not look for an answer: some more is read and thrown away.
async fn drain(field: &mut Field<'static>) {
    let mut left = DRAINED_BYTES;
    while let Ok(Some(piece)) = field.chunk().await {
        left = left.saturating_sub(piece.len());
        if left == 0 {
            break;
        }
    }
}
