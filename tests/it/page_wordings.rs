//! The page of wordings: every version by name and language, and keeping a new one.

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[test!(
    page_wordings::a_new_version_is_kept_beside_those_that_were_shown
)];

const QUESTION: &str = "¿Quieres ofertas de <Tienda Sol> por WhatsApp, como mucho 2 por semana? \
    Para parar escribe BAJA. Aviso: https://example.com/aviso";

pub(crate) async fn a_new_version_is_kept_beside_those_that_were_shown(env: Env) {
    let slug = env.sol().shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let (page, keep) = (
        format!("/wordings?shop={slug}"),
        format!("/console/wordings/{slug}"),
    );
    for (lang, title) in [
        ("es", "Textos para pedir permiso"),
        ("pt", "Textos para pedir permissão"),
        ("en", "Words that ask for consent"),
    ] {
        let shown = owner.get(&env, &format!("{page}&lang={lang}")).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        assert!(
            shown.body.contains(title) && !shown.body.contains(">wording."),
            "{}",
            shown.body
        );
        let consents = format!("/consents?lang={lang}&shop={slug}");
        let consents = owner.get(&env, &consents).await.body;
        let link = format!("/wordings?lang={lang}&#38;shop={slug}");
        assert!(consents.contains(&link), "{consents}");
    }
    let good = [
        ("lang", "es"),
        ("name", "novedades"),
        ("language", "es"),
        ("body", QUESTION),
        ("yes", "Sí, quiero"),
        ("no", "No, gracias"),
        ("thanks", "Gracias."),
        ("max", "2"),
        ("per", "week"),
    ];
    // All that is missing is said at once, beside its field; what was typed stays.
    let bare = [
        ("lang", "es"),
        ("name", "dos palabras"),
        ("language", "es"),
        ("body", "Hola <b>"),
        ("yes", "Un botón que es demasiado largo"),
    ];
    let refused = owner.post(&env, &keep, &bare).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    for words in [
        "id=\"trouble\"",
        "Falta la palabra WhatsApp.",
        "Falta cada cuánto",
        "Falta cómo parar",
        "Falta el enlace https://",
        "id=\"wrong-name-1\"",
        "id=\"wrong-yes-1\"",
        "Hola &#60;b&#62;",
    ] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    let kept = owner.post(&env, &keep, &good).await;
    assert_eq!(kept.status, 303, "{}", kept.body);
    let told = owner.get(&env, &kept.location).await.body;
    assert!(
        told.contains("Guardado: novedades@1.") && told.contains("de &#60;Tienda Sol&#62;"),
        "{told}"
    );
    // Another text is another version; another language of the newest is not.
    let mut other = good;
    other[3].1 = "Ofertas de Tienda Sol por WhatsApp, 1 por semana. Escribe BAJA para parar. https://example.com/aviso";
    other[7].1 = "1";
    let kept = owner.post(&env, &keep, &other).await;
    assert!(
        kept.location.ends_with("kept=novedades%402"),
        "{}",
        kept.location
    );
    let mut portuguese = good;
    portuguese[2].1 = "pt";
    let kept = owner.post(&env, &keep, &portuguese).await;
    assert!(
        kept.location.ends_with("kept=novedades%402"),
        "{}",
        kept.location
    );
    let all = owner.get(&env, &format!("{page}&lang=es")).await.body;
    for words in [
        "Español · versión 2",
        "Português · versión 2",
        "<summary>versión 1<span",
        "name=novedades&#38;language=es#new",
        "hasta 1 por semana",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    // The form begins from a version that is there.
    let from = format!("{page}&lang=es&name=novedades&language=es");
    let from = owner.get(&env, &from).await.body;
    assert!(
        from.contains("Ofertas de Tienda Sol por WhatsApp, 1 por semana.")
            && from.contains("value=\"Sí, quiero\""),
        "{from}"
    );
    // Who may not change looks; another shop's wordings are not there.
    let viewer = with_role(&env, slug, "viewer").await;
    let looks = viewer.get(&env, &format!("{page}&lang=es")).await.body;
    assert!(
        looks.contains("versión 2") && !looks.contains(&keep),
        "{looks}"
    );
    assert_eq!(viewer.post(&env, &keep, &good).await.status, 403);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.get(&env, &page).await.status, 404);
    assert_eq!(lua.post(&env, &keep, &good).await.status, 404);
    let own = lua.get(&env, "/wordings?lang=es").await.body;
    assert!(!own.contains("novedades"), "{own}");
    env.end().await;
}
