//! `limits.cost-budget`: the month would cost more than the tenant wants to spend.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "limits.cost-budget",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Limits,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Presupuesto del mes",
        "Orçamento do mês",
        "The month's budget",
    ),
    sentence: words(
        "El mes llegaría a {value} (estimado) y el presupuesto es {limit}.",
        "O mês chegaria a {value} (estimado) e o orçamento é {limit}.",
        "The month would come to {value} (estimated); the budget is {limit}.",
    ),
    remedy: words(
        "Sube el presupuesto en la política de la cuenta o espera al mes siguiente.",
        "Aumente o orçamento na política da conta ou espere o próximo mês.",
        "Raise the budget in the tenant's policy, or wait for the next month.",
    ),
    docs: Docs {
        checks: "Estimated cost of the month so far plus this message, by the dated rate table.",
        why: "Nobody should learn the price of a campaign from Meta's bill.",
        fires: "Holds promotion over the budget, and promotion whose price is not known while there is a \
                budget. Over the budget, everything else gets a note.",
        facts: "`spend.month_micro`, `spend.this_micro`.",
        parameters: "`monthly_budget_micro` (none).",
        source: "Own choice; prices: the rate table, which names its source and date.",
        since: "0.2.0",
    },
};

/// Millionths as a decimal amount (`12.345678` → `12.35`, rounded up).
fn amount(micro: i64) -> String {
    let cents = (i128::from(micro.max(0)) + 9_999) / 10_000;
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let budget = case.policy.monthly_budget_micro?;
        let Some(spend) = case.facts.spend else {
            return case
                .is_promotional()
                .then(|| Found::hold("unknown", "spend"));
        };
        let Some(this) = spend.this_micro else {
            return case
                .is_promotional()
                .then(|| Found::hold("unknown", "price"));
        };
        let total = spend.month_micro.saturating_add(this);
        if total <= budget {
            return None;
        }
        let (value, limit) = (amount(total), amount(budget));
        Some(if case.is_promotional() {
            Found::hold(value, limit)
        } else {
            Found::note(value, limit)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::facts::SpendFacts;
    use crate::testing::Setup;

    const RULE: &str = "limits.cost-budget";

    fn spent(s: &mut Setup, month_micro: i64, this_micro: Option<i64>) {
        s.policy.monthly_budget_micro = Some(1_000_000);
        s.facts.spend = Some(SpendFacts {
            month_micro,
            this_micro,
        });
    }

    #[test]
    fn promotion_over_the_budget_is_held_and_up_to_it_passes() {
        let mut s = Setup::promo();
        for (month, held) in [(987_499, false), (987_500, false), (987_501, true)] {
            spent(&mut s, month, Some(12_500));
            assert_eq!(s.judge().verdict == Verdict::Hold, held, "{month}");
        }
        let found = s.found(RULE).unwrap();
        assert_eq!(
            (found.value.as_str(), found.limit.as_str()),
            ("1.01", "1.00")
        );
    }

    #[test]
    fn an_unknown_price_is_held_not_taken_for_nothing() {
        let mut s = Setup::promo();
        spent(&mut s, 0, None);
        assert_eq!(s.judge().verdict, Verdict::Hold);
        s.facts.spend = None;
        assert_eq!(s.judge().verdict, Verdict::Hold);
    }

    #[test]
    fn other_messages_get_a_note_and_without_a_budget_nothing_is_said() {
        let mut s = Setup::utility();
        spent(&mut s, 2_000_000, Some(800));
        assert_eq!(s.found(RULE).unwrap().outcome, None);
        assert_eq!(s.judge().verdict, Verdict::Allow);
        s.policy.monthly_budget_micro = None;
        assert!(s.found(RULE).is_none());
    }
}
