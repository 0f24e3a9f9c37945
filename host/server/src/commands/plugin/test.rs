//! `portero plugin test`: every scenario of a folder, several at a time, and what came of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::build::{self, Built};
use crate::cli::{TestArgs, exit};
use crate::output;
use crate::scenario::{self, File, Played, junit};

/// How the file of a scenario ends.
const ENDING: &str = ".scenario.toml";

/// Runs the verb.
///
/// # Errors
/// No component, no scenario, or a scenario file that does not read.
pub(super) async fn run(args: TestArgs) -> anyhow::Result<ExitCode> {
    // A mistake in a file is told before the compiler is waited for.
    let files = files(&args)?;
    let built = match (&args.component, args.no_build) {
        (Some(file), _) => build::read(file)?,
        (None, true) => build::last(&args.folder)?,
        (None, false) => build::build(&args.folder, None)?,
    };
    let answers = all(&args, files, Arc::new(built)).await?;
    if let Some(file) = &args.junit {
        std::fs::write(file, junit::report(&answers))
            .with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    let failed = answers
        .iter()
        .filter(|a| a.get("passed") != Some(&json!(true)));
    let (failed, all) = (failed.count(), answers.len());
    if args.json {
        output::json(&json!({ "passed": failed == 0, "scenarios": answers }));
    } else {
        output::line(&format!("{all} scenarios, {failed} failed"));
    }
    Ok(ExitCode::from(if failed == 0 {
        exit::DONE
    } else {
        exit::FOUND
    }))
}

/// Plays them; the answers in the order of the files.
async fn all(args: &TestArgs, files: Vec<File>, built: Arc<Built>) -> anyhow::Result<Vec<Value>> {
    let at_once = std::thread::available_parallelism().map_or(2, usize::from);
    let mut playing = futures_util::stream::iter(files)
        .map(|file| {
            let built = Arc::clone(&built);
            async move {
                let played = scenario::play(&file, &built.bytes, &built.found).await;
                (file, played)
            }
        })
        .buffered(at_once);
    let mut answers = Vec::new();
    while let Some((file, played)) = playing.next().await {
        if args.update {
            update(args, &file, &played)?;
        }
        if !args.json {
            scenario::tell(&file, &played);
        }
        answers.push(scenario::answer(&file, &played));
    }
    Ok(answers)
}

fn update(args: &TestArgs, file: &File, played: &anyhow::Result<Played>) -> anyhow::Result<()> {
    let text = played
        .as_ref()
        .ok()
        .and_then(|played| scenario::update(file, played));
    let Some(text) = text else { return Ok(()) };
    std::fs::write(&file.path, text)
        .with_context(|| format!("cannot write `{}`", file.path.display()))?;
    if !args.json {
        output::line(&format!(
            "updated {}; look at what changed",
            file.path.display()
        ));
    }
    Ok(())
}

/// The scenarios of the folder, by name.
fn files(args: &TestArgs) -> anyhow::Result<Vec<File>> {
    let mut paths = within(&args.folder);
    paths.extend(within(&args.folder.join("tests")));
    paths.sort();
    if paths.is_empty() {
        bail!(
            "no `*{ENDING}` in `{}` nor in its folder `tests`; host/docs/scenarios.md shows what one looks like",
            args.folder.display()
        );
    }
    let mut files = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        match File::read(&path) {
            Ok(file) => files.push(file),
            Err(error) => wrong.push(format!("{error:#}")),
        }
    }
    if !wrong.is_empty() {
        bail!("scenario files that do not read:\n  {}", wrong.join("\n  "));
    }
    let Some(only) = &args.only else {
        return Ok(files);
    };
    let wanted = |f: &File| f.name().contains(only) || f.path.to_string_lossy().contains(only);
    files.retain(wanted);
    if files.is_empty() {
        bail!("no scenario's file or name contains `{only}`");
    }
    Ok(files)
}

fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_one = |path: &PathBuf| path.to_string_lossy().ends_with(ENDING);
    paths.filter(is_one).collect()
}
