//! `tenant.sender-mismatch`: the sending number is not the tenant's.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "tenant.sender-mismatch",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Envelope,
    stages: Stages::Both,
    moves_with_time: false,
    title: words("Número ajeno", "Número alheio", "Number not yours"),
    sentence: words(
        "El número de envío no es de esta cuenta.",
        "O número de envio não é desta conta.",
        "The sending number does not belong to this tenant.",
    ),
    remedy: words(
        "Elige uno de tus números: `portero number list`.",
        "Escolha um dos seus números: `portero number list`.",
        "Choose one of your numbers: `portero number list`.",
    ),
    docs: Docs {
        checks: "Whether the number belongs to the tenant of the proposal.",
        why: "Agencies run many brands on one host; a message must never leave under another's name.",
        fires: "Denies when the number is another tenant's or nobody's; the text is the same for both, \
                so that it tells nothing about others.",
        facts: "`sender`.",
        parameters: "None.",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let owned = case.facts.sender.known().is_some_and(|s| s.owned);
        (!owned).then(|| Found::deny("not_yours", "own_number"))
    }
}

#[cfg(test)]
mod tests {
    use crate::Fact;
    use crate::testing::Setup;

    const RULE: &str = "tenant.sender-mismatch";

    #[test]
    fn anothers_number_and_nobodys_read_the_same() {
        let mut s = Setup::reply("hola");
        assert!(s.found(RULE).is_none());
        s.sender().owned = false;
        let foreign = s.found(RULE).unwrap();
        s.facts.sender = Fact::Unknown;
        assert_eq!(s.found(RULE).unwrap(), foreign);
        assert_eq!(s.at_dispatch().denied_by(), Some(RULE.to_owned()));
    }
}
