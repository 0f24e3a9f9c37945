//! `content.too-long`: over Meta's lengths.

use portero_domain::template::Template;

use crate::detect::{TemplateShape, count};
use crate::rules::support::*;

/// Most scalar values of a template's body once filled in.
pub const FILLED_BODY: u32 = 1024;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "content.too-long",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Content,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words("Demasiado largo", "Longo demais", "Too long"),
    sentence: words(
        "Demasiado largo: {value}; el máximo es {limit} caracteres.",
        "Longo demais: {value}; o máximo é {limit} caracteres.",
        "Too long: {value}; the most is {limit} characters.",
    ),
    remedy: words(
        "Acorta el texto o divídelo; nunca se recorta por su cuenta.",
        "Encurte o texto ou divida-o; ele nunca é cortado sozinho.",
        "Shorten the text or split it; it is never cut for you.",
    ),
    docs: Docs {
        checks: "The length of every text, in Unicode scalar values, and of a template's body with its \
                 values filled in.",
        why: "Meta refuses longer texts (100, 132005).",
        fires: "Denies over: text 4,096; caption 1,024; interactive body 1,024 (list 4,096), header and \
                footer 60, button title and list label 20, button id 256, section and row title 24, row \
                description 72, row id 200, link label 20, address 2,000; template header value 60, body \
                1,024 filled in, address suffix 2,000, payload 256, coupon code 20; file name 240.",
        facts: "Content facts `too_long`, `template`; the registry's body text.",
        parameters: "None.",
        source: "Meta, message objects and template components (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if let Some(long) = case.facts.content.too_long.first() {
            let others = case
                .facts
                .content
                .too_long
                .iter()
                .skip(1)
                .map(|l| l.field.clone());
            return Some(
                Found::deny(
                    format!("{}: {}", long.field, long.scalars),
                    long.limit.to_string(),
                )
                .because(others),
            );
        }
        let filled = filled_body(case.template()?, case.shape()?);
        (filled > FILLED_BODY)
            .then(|| Found::deny(format!("template.body: {filled}"), FILLED_BODY.to_string()))
    }
}

/// Length of the body with its values in place of its slots; 0 when the body text is not known.
fn filled_body(template: &Template, shape: &TemplateShape) -> u32 {
    let mut fixed = 0_u32;
    let mut rest = template.body.as_str();
    while let Some((before, after)) = rest.split_once("{{") {
        fixed = fixed.saturating_add(count(before.chars().count()));
        rest = after.split_once("}}").map_or("", |(_, tail)| tail);
    }
    if template.body.is_empty() {
        return 0;
    }
    fixed = fixed.saturating_add(count(rest.chars().count()));
    shape
        .body
        .iter()
        .fold(fixed, |sum, value| sum.saturating_add(value.scalars))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, buttons, positional, send};
    use portero_domain::content::{Content, InteractiveAction};

    const RULE: &str = "content.too-long";

    /// Scenario 83.
    #[test]
    fn text_of_4096_passes_and_4097_does_not_whatever_its_bytes() {
        for unit in ["a", "ñ", "😀"] {
            assert!(Setup::reply(&unit.repeat(4096)).found(RULE).is_none());
            let found = Setup::reply(&unit.repeat(4097)).found(RULE).unwrap();
            assert_eq!(
                (found.value.as_str(), found.limit.as_str()),
                ("text.body: 4097", "4096")
            );
        }
    }

    #[test]
    fn a_title_of_20_passes_and_21_does_not() {
        let mut s = Setup::reply("");
        for (len, passes) in [(20, true), (21, false)] {
            s.proposal.content = buttons(2);
            if let Content::Interactive(i) = &mut s.proposal.content
                && let InteractiveAction::Buttons { buttons } = &mut i.action
            {
                buttons[1].title = "t".repeat(len);
            }
            assert_eq!(s.found(RULE).is_none(), passes);
        }
    }

    #[test]
    fn a_filled_template_body_of_1024_passes_and_1025_does_not() {
        let mut s = Setup::promo();
        s.registry().body = format!("Hola {{{{1}}}}, {}", "x".repeat(1000));
        s.registry().slots.body = vec!["1".into()];
        for (len, passes) in [(17, true), (18, false)] {
            s.proposal.content =
                Content::Template(send("promo_v1", &[positional(&"n".repeat(len))]));
            assert_eq!(s.found(RULE).is_none(), passes, "{len}");
        }
    }
}
