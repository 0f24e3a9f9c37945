//! A person's name and address as they are shown to whoever may not see people: enough to tell two rows apart in a
//! conversation about them, not enough to write to anybody. The one place that decides it.

/// Stands for what is left out.
const COVER: &str = "•••";
/// Digits or letters of an address that stay, at its end.
const TAIL: usize = 4;
/// Shorter addresses are covered as a whole: four of seven would be most of them.
const WHOLE_BELOW: usize = 8;

/// A name: its first letter, and that there is more. `Marta Ruiz` → `M•••`.
///
/// What begins with no letter is covered as a whole; a name of one letter is covered too.
#[must_use]
pub fn name(name: &str) -> String {
    let mut letters = name.trim().chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(_)) if first.is_alphabetic() => format!("{first}{COVER}"),
        _ => COVER.to_owned(),
    }
}

/// A number, a user id or a user name: its last four characters. `+57 300 111 4821` → `•••4821`.
///
/// Spaces and signs do not count; what has fewer than eight characters is covered as a whole.
#[must_use]
pub fn address(address: &str) -> String {
    let plain: Vec<char> = address.chars().filter(|c| c.is_alphanumeric()).collect();
    match plain.len() < WHOLE_BELOW {
        true => COVER.to_owned(),
        false => {
            let tail: String = plain.iter().skip(plain.len() - TAIL).collect();
            format!("{COVER}{tail}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_first_letter() {
        assert_eq!(name("Marta Ruiz"), "M•••");
        assert_eq!(name(" Ñusta "), "Ñ•••");
        for covered in ["", "  ", "X", "+57 300 111 4821", "🙂 Ana"] {
            assert_eq!(name(covered), "•••", "{covered:?}");
        }
    }

    #[test]
    fn an_address_keeps_four_of_at_least_eight() {
        assert_eq!(address("+57 300 111 4821"), "•••4821");
        assert_eq!(address("573001114821"), "•••4821");
        assert_eq!(address("MX.13491208655302741918"), "•••1918");
        assert_eq!(address("12345678"), "•••5678");
        for covered in ["", "1234567", "ana"] {
            assert_eq!(address(covered), "•••", "{covered:?}");
        }
    }
}
