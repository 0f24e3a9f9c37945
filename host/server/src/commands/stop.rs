//! `portero stop` and `portero resume`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::StopArgs;
use crate::commands::show;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(args: StopArgs, stop: bool) -> anyhow::Result<ExitCode> {
    if !args.all && args.target.tenant.is_none() {
        anyhow::bail!("say what: --all, or --tenant NAME (and --number ID)");
    }
    let api = args.target.connect().await?;
    let mut body = json!({ "all": args.all, "reason": args.reason });
    if let Some(object) = body.as_object_mut() {
        if !args.all {
            object.insert("tenant".to_owned(), json!(args.target.tenant));
        }
        if let Some(number) = &args.number {
            object.insert("phone_number_id".to_owned(), json!(number));
        }
    }
    let answer = api
        .post(if stop { "/v1/stop" } else { "/v1/resume" }, body)
        .await?;
    let what = match (&args.all, &args.number, &args.target.tenant) {
        (true, _, _) => "everything".to_owned(),
        (_, Some(number), _) => format!("number {number}"),
        (_, None, Some(tenant)) => format!("tenant {tenant}"),
        _ => String::new(),
    };
    let line = if stop {
        format!(
            "stopped: {what}; no attempt begins from now on; what is queued waits, what is proposed meanwhile is refused (`portero resume` lets them go on)"
        )
    } else {
        format!("resumed: {what}")
    };
    show(args.target.json, &answer, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}
