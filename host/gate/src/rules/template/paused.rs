//! `template.paused`: paused for low quality.

use portero_domain::clock::{Millis, Ts};
use portero_domain::template::{Template, TemplateStatus};

use crate::rules::support::*;

/// Least wait before a message of a paused template is looked at again.
pub const RECHECK_LEAST: Millis = Millis::minutes(10);
/// Most wait, whatever Meta announced or failed to announce.
pub const RECHECK_MOST: Millis = Millis::hours(2);

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.paused",
    version: 2,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Both,
    // Later is no reason to pass: only Meta's word is. So it is not asked again at the later instant.
    moves_with_time: false,
    title: words("Plantilla en pausa", "Modelo em pausa", "Template paused"),
    sentence: words(
        "Meta puso en pausa la plantilla {value} por su baja calidad; fin anunciado: {limit}.",
        "A Meta pausou o modelo {value} por baixa qualidade; fim anunciado: {limit}.",
        "Meta paused the template {value} for low quality; announced end: {limit}.",
    ),
    remedy: words(
        "Sale cuando Meta la dé por aprobada; se mira de nuevo a las {until}. Mejora el contenido; \
         `portero template sync` pregunta ya.",
        "Sai quando a Meta o der por aprovado; olha-se de novo às {until}. Melhore o conteúdo; \
         `portero template sync` pergunta já.",
        "It goes when Meta says the template is approved; looked at again at {until}. Improve the \
         content; `portero template sync` asks now.",
    ),
    docs: Docs {
        checks: "Whether the registry says that Meta paused the template.",
        why: "Meta refuses sends while the pause lasts (132015) and pauses longer each time. It lifts a \
              pause itself, not to the second, and one laid on by pacing never by itself: so the \
              announced end is a hint when to look again, not a reason to send.",
        fires: "Defers until the registry says `APPROVED` again, by webhook or sync, which releases what \
                waits at once. Meanwhile it is looked at again at the announced end, then after as long \
                as that end (or, unannounced, the last confirmation) lies back, at least 10 min and at \
                most 2 h.",
        facts: "`template.status`, `template.paused_until`, `template.synced_at`.",
        parameters: "None.",
        source: "Meta, template pausing: 3 h, 6 h, then disabled; unpaused by Meta, told by webhook.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        if template.status != TemplateStatus::Paused {
            return None;
        }
        let announced = template
            .paused_until
            .map_or_else(|| "unknown".to_owned(), Ts::rfc3339);
        let until = look_again(template, case.now);
        Some(Found::defer(until, template.name.as_str(), announced))
    }
}

/// When to look again: the announced end while it lies ahead, then ever more seldom.
fn look_again(template: &Template, now: Ts) -> Ts {
    let since = match template.paused_until {
        Some(end) if end > now => return end.min(now + Millis::hours(6)),
        Some(end) => end,
        None => template.synced_at,
    };
    now + Millis(now.since(since).clamp(RECHECK_LEAST.0, RECHECK_MOST.0))
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::Setup;
    use portero_domain::clock::Millis;
    use portero_domain::template::TemplateStatus;

    const RULE: &str = "template.paused";

    /// Scenario 63, but for its end: Meta ends a pause, the clock does not.
    #[test]
    fn the_announced_end_is_when_to_look_again_and_no_leave_to_send() {
        let mut s = Setup::promo();
        let end = s.now + Millis::hours(3);
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = Some(end);
        let judgement = s.judge();
        assert_eq!(
            (judgement.verdict, judgement.until),
            (Verdict::Defer, Some(end))
        );
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        for (by, wait) in [
            (-1, Millis(1)),
            (0, Millis::minutes(10)),
            (1, Millis::minutes(10)),
            (600_000, Millis::minutes(10)),
            (600_001, Millis(600_001)),
            (7_199_999, Millis(7_199_999)),
            (7_200_000, Millis::hours(2)),
            (7_200_001, Millis::hours(2)),
        ] {
            s.now = end.plus_ms(by);
            assert_eq!(s.found(RULE).unwrap().until, Some(s.now + wait), "{by}");
            let dispatch = s.clone().at_dispatch();
            assert_eq!(dispatch.found(RULE).unwrap().until, Some(s.now + wait));
        }
        s.registry().status = TemplateStatus::Approved;
        assert!(s.found(RULE).is_none(), "Meta's word, and only it");
    }

    #[test]
    fn a_pause_without_an_announced_end_is_looked_at_between_ten_minutes_and_two_hours() {
        let mut s = Setup::promo().at_dispatch();
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = None;
        for (ago, wait) in [
            (Millis(0), Millis::minutes(10)),
            (Millis::minutes(45), Millis::minutes(45)),
            (Millis::hours(9), Millis::hours(2)),
        ] {
            s.registry().synced_at = s.now - ago;
            assert_eq!(s.judge().until, Some(s.now + wait));
            assert_eq!(s.found(RULE).unwrap().limit, "unknown");
        }
        s.registry().status = TemplateStatus::Approved;
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn an_end_announced_for_a_far_day_is_not_believed() {
        let mut s = Setup::promo();
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = Some(s.now + Millis::days(400));
        assert_eq!(
            s.found(RULE).unwrap().until,
            Some(s.now + Millis::hours(6)),
            "no pause is longer than six hours"
        );
    }
}
