//! The PIN of a number: from a file, the environment, or typed without being shown.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};

use crate::cli::PinFlags;

/// The PIN that was given, if one was.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn given(flags: PinFlags) -> anyhow::Result<Option<String>> {
    let pin = match flags.pin_file {
        Some(file) => Some(
            std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?,
        ),
        None => flags.pin,
    };
    let pin = pin.map(|pin| pin.trim().to_owned());
    Ok(pin.filter(|pin| !pin.is_empty()))
}

/// The PIN that was given, else what somebody types.
///
/// # Errors
/// Nobody can be asked, or types nothing.
pub(super) fn needed(flags: PinFlags) -> anyhow::Result<String> {
    if let Some(pin) = given(flags)? {
        return Ok(pin);
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "nobody can be asked here: give PORTERO_NUMBER_PIN in the environment (the number's PIN)"
        );
    }
    let typed = rpassword::prompt_password("The number's six-digit PIN (not shown): ")
        .context("cannot read from the terminal")?;
    match typed.trim() {
        "" => bail!("the PIN is needed; what was done so far stands"),
        typed => Ok(typed.to_owned()),
    }
}
