//! `portero completions` and `portero man`.

use std::process::ExitCode;

use anyhow::Context;
use clap_complete::Shell;

use crate::cli::{CompletionsArgs, ManArgs, ShellName, tree};
use crate::output;

/// Prints the script that completes our verbs.
///
/// # Errors
/// A script that is no text.
pub fn completions(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let shell = match args.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
        ShellName::Powershell => Shell::PowerShell,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree::root(), "portero", &mut script);
    output::line(String::from_utf8(script)?.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Prints or writes manual pages.
///
/// # Errors
/// A folder that cannot be written.
pub fn man(args: ManArgs) -> anyhow::Result<ExitCode> {
    match args.dir {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(tree::root()).render(&mut page)?;
            output::line(String::from_utf8(page)?.trim_end());
        }
        Some(folder) => {
            let written = || -> std::io::Result<()> {
                std::fs::create_dir_all(&folder)?;
                clap_mangen::generate_to(tree::root(), &folder)
            };
            written().with_context(|| {
                format!(
                    "cannot write manual pages into `{}`; choose another folder with --dir",
                    folder.display()
                )
            })?;
            output::line(&format!(
                "manual pages are in `{0}`; read one with `man -l {0}/portero.1`",
                folder.display()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
