//! Whether a text we send tells people how to stop: only words count that stop something when written.

use super::normalise::plain;
use super::{Recognition, WordContext, decide};

/// Words and phrases, in plain form, that tell a way out when they stand in a text.
///
/// Shorter than the list of what people may write: "no more" or "end" in an offer tells nobody
/// what to do.
const TELLING: &[&str] = &[
    "baja",
    "stop",
    "no recibir",
    "dejar de recibir",
    "desuscribir",
    "desuscribirme",
    "sair",
    "descadastrar",
    "descadastro",
    "cancelar inscricao",
    "parar promocoes",
    "unsubscribe",
    "unsub",
    "opt out",
    "optout",
];

/// Whether a text tells how to stop.
#[must_use]
pub fn tells_how_to_stop(text: &str) -> bool {
    let padded = format!(" {} ", plain(text).whole);
    TELLING
        .iter()
        .any(|telling| padded.contains(&format!(" {telling} ")))
}

/// Whether a button with this label takes who taps it out.
#[must_use]
pub fn is_a_way_out(label: &str) -> bool {
    let read = decide::recognise(label, WordContext::Marketing);
    matches!(read, Recognition::OptOut(_) | Recognition::Ask) || tells_how_to_stop(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_tell_people_to_write_is_understood_when_they_do() {
        for telling in TELLING {
            let read = decide::recognise(telling, WordContext::Marketing);
            assert!(
                matches!(read, Recognition::OptOut(_)),
                "{telling}: {read:?}"
            );
        }
    }

    #[test]
    fn footers_that_tell_it_and_texts_that_do_not() {
        for text in [
            "Responde BAJA para no recibir promociones",
            "Responda SAIR para não receber promoções",
            "Reply STOP to opt-out",
            "¿No te interesa? Escribe «baja».",
        ] {
            assert!(tells_how_to_stop(text), "{text}");
        }
        for text in [
            "",
            "No más de 2 mensajes por semana",
            "Puedes parar cuando quieras",
            "End of season: no more than 5 left",
            "Chega de pagar caro!",
            "Bajamos los precios, nonstop",
        ] {
            assert!(!tells_how_to_stop(text), "{text}");
        }
        assert!(is_a_way_out("No recibir"));
        assert!(is_a_way_out("Stop promotions"));
        assert!(!is_a_way_out("Ver ofertas"));
    }
}
