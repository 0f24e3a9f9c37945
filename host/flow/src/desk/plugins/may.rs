//! What each permission lets a plugin do, in the words of whoever grants it.

use std::collections::BTreeMap;

/// Permissions with their words: `es`, `pt`, `en`.
const WORDS: [(&str, [&str; 3]); 15] = [
    (
        "log",
        [
            "Escribir en su registro",
            "Escrever em seu registro",
            "Write to its log",
        ],
    ),
    (
        "config",
        ["Leer sus ajustes", "Ler seus ajustes", "Read its settings"],
    ),
    (
        "kv",
        [
            "Recordar datos propios",
            "Lembrar dados próprios",
            "Remember data of its own",
        ],
    ),
    (
        "gate.preview",
        [
            "Preguntar si algo saldría",
            "Perguntar se algo sairia",
            "Ask whether something would leave",
        ],
    ),
    (
        "contacts.read",
        [
            "Leer datos de personas",
            "Ler dados de pessoas",
            "Read data of people",
        ],
    ),
    (
        "contacts.write",
        [
            "Cambiar datos de personas",
            "Mudar dados de pessoas",
            "Change data of people",
        ],
    ),
    (
        "http.fetch",
        [
            "Preguntar a otros servidores",
            "Perguntar a outros servidores",
            "Ask other servers",
        ],
    ),
    (
        "send.session",
        ["Proponer respuestas", "Propor respostas", "Propose answers"],
    ),
    (
        "send.media",
        [
            "Proponer fotos y archivos",
            "Propor fotos e arquivos",
            "Propose pictures and files",
        ],
    ),
    (
        "send.interactive",
        [
            "Proponer botones y listas",
            "Propor botões e listas",
            "Propose buttons and lists",
        ],
    ),
    (
        "send.template.utility",
        [
            "Proponer plantillas de aviso",
            "Propor modelos de aviso",
            "Propose utility templates",
        ],
    ),
    (
        "send.template.marketing",
        [
            "Proponer plantillas de promoción",
            "Propor modelos de promoção",
            "Propose marketing templates",
        ],
    ),
    (
        "send.template.authentication",
        [
            "Proponer códigos",
            "Propor códigos",
            "Propose one-time codes",
        ],
    ),
    (
        "consent.request",
        [
            "Pedir permiso con el texto de la tienda",
            "Pedir permissão com o texto da loja",
            "Ask for consent in the shop's words",
        ],
    ),
    ("metric", ["Contar", "Contar", "Count"]),
];

/// What a permission means, per language; empty for one that nobody knows.
pub(super) fn means(permission: &str) -> BTreeMap<String, String> {
    let words = WORDS.iter().find(|(id, _)| *id == permission);
    let words = words.into_iter().flat_map(|(_, words)| words);
    ["es", "pt", "en"]
        .into_iter()
        .zip(words)
        .map(|(language, words)| (language.to_owned(), (*words).to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use portero_sandbox::manifest::PERMISSIONS;

    use super::{WORDS, means};

    #[test]
    fn each_permission_has_words_in_each_language() {
        for permission in PERMISSIONS {
            assert_eq!(means(permission).len(), 3, "{permission}");
        }
        assert_eq!(WORDS.len(), PERMISSIONS.len());
        assert!(means("fly").is_empty());
    }
}
