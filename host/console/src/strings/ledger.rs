//! The words of the ledger of consent.

pub(super) const ROWS: super::Rows = &[
    ("ledger.title", ["Permisos", "Permissões", "Consents"]),
    (
        "ledger.about",
        [
            "Cada sí y cada no, con su prueba: se añade, nunca se cambia",
            "Cada sim e cada não, com sua prova: acrescenta-se, nunca se muda",
            "Every yes and every no with its proof: appended, never changed",
        ],
    ),
    ("ledger.filters", ["Filtros", "Filtros", "Filters"]),
    ("ledger.what", ["Qué pasó", "O que houve", "What happened"]),
    ("ledger.any", ["Cualquiera", "Qualquer", "Any"]),
    ("ledger.topic", ["Tema", "Tema", "Topic"]),
    ("ledger.source", ["Origen", "Origem", "Source"]),
    ("ledger.since", ["Desde", "Desde", "Since"]),
    ("ledger.until", ["Antes de", "Antes de", "Before"]),
    ("ledger.show", ["Mostrar", "Mostrar", "Show"]),
    (
        "ledger.chain",
        ["Cadena de sellos", "Cadeia de selos", "Chain of seals"],
    ),
    (
        "ledger.chain.check",
        [
            "Comprobar la cadena",
            "Verificar a cadeia",
            "Check the chain",
        ],
    ),
    (
        "ledger.chain.what",
        [
            "Recalcula cada sello de permisos y veredictos: lo que se cambió o quitó después se nota. Lee todo; puede tardar.",
            "Recalcula cada selo de permissões e vereditos: o que foi mudado ou tirado depois aparece. Lê tudo; pode demorar.",
            "Computes every seal of consents and verdicts anew: what was changed or taken out shows. It reads everything and may take a while.",
        ],
    ),
    (
        "ledger.chain.holds",
        [
            "La cadena es íntegra: nada se cambió.",
            "A cadeia está íntegra: nada foi mudado.",
            "The chain holds: nothing was changed.",
        ],
    ),
    (
        "ledger.chain.broken",
        [
            "La cadena está rota:",
            "A cadeia está quebrada:",
            "The chain is broken:",
        ],
    ),
    (
        "ledger.chain.seals",
        [
            "Sellos comprobados:",
            "Selos verificados:",
            "Seals checked:",
        ],
    ),
    (
        "ledger.chain.unsealed",
        ["sin sellar todavía:", "ainda sem selo:", "not sealed yet:"],
    ),
    (
        "ledger.chain.head",
        [
            "Último sello, para guardarlo aparte:",
            "Último selo, para guardar à parte:",
            "Newest seal, to be kept elsewhere:",
        ],
    ),
    ("ledger.rows", ["Registro", "Registro", "Ledger"]),
    (
        "ledger.none",
        [
            "Todavía nadie dijo sí ni no.",
            "Ainda ninguém disse sim nem não.",
            "Nobody said yes or no yet.",
        ],
    ),
    (
        "ledger.none_such",
        [
            "Ninguna línea coincide con los filtros.",
            "Nenhuma linha corresponde aos filtros.",
            "No row fits the filters.",
        ],
    ),
    ("ledger.proof", ["Prueba", "Prova", "Proof"]),
    (
        "ledger.captured",
        ["La persona actuó", "A pessoa agiu", "The person acted"],
    ),
    ("ledger.promise", ["Prometido", "Prometido", "Promised"]),
    ("ledger.wording", ["Texto", "Texto", "Wording"]),
    ("ledger.evidence", ["Evidencia", "Evidência", "Evidence"]),
    ("ledger.actor", ["Quién", "Quem", "Who"]),
    (
        "ledger.actor.contact",
        ["la persona", "a pessoa", "the person"],
    ),
    (
        "ledger.actor.system",
        ["el servidor", "o servidor", "the server"],
    ),
    (
        "ledger.actor.operator",
        ["la tienda:", "a loja:", "the shop:"],
    ),
    (
        "ledger.actor.plugin",
        ["el complemento", "o plugin", "the plugin"],
    ),
    ("ledger.expires", ["Vence", "Vence", "Ends"]),
    ("ledger.row", ["Línea", "Linha", "Row"]),
    (
        "ledger.hash",
        ["Huella (SHA-256)", "Hash (SHA-256)", "Hash (SHA-256)"],
    ),
    ("ledger.seal", ["Sello", "Selo", "Seal"]),
    (
        "ledger.unsealed",
        [
            "se sella en un segundo",
            "será selada em um segundo",
            "sealed within a second",
        ],
    ),
    ("ledger.more", ["Más antiguo", "Mais antigo", "Older"]),
    (
        "ledger.library",
        [
            "Textos que se muestran",
            "Textos que são mostrados",
            "Wordings that are shown",
        ],
    ),
    (
        "ledger.library.none",
        [
            "Todavía no hay textos.",
            "Ainda não há textos.",
            "There are no wordings yet.",
        ],
    ),
    ("ledger.newest", ["vigente", "vigente", "in use"]),
    (
        "ledger.kind.requested",
        ["Se preguntó", "Foi perguntado", "Asked"],
    ),
    ("ledger.kind.granted", ["Dijo sí", "Disse sim", "Said yes"]),
    (
        "ledger.kind.granted_unconfirmed",
        [
            "Sí por confirmar",
            "Sim por confirmar",
            "Yes, to be confirmed",
        ],
    ),
    (
        "ledger.kind.import_refused",
        [
            "Importación rechazada",
            "Importação recusada",
            "Import refused",
        ],
    ),
    ("ledger.kind.declined", ["Dijo no", "Disse não", "Said no"]),
    (
        "ledger.kind.revoked",
        ["Se dio de baja", "Saiu da lista", "Opted out"],
    ),
    (
        "ledger.kind.meta_stop",
        [
            "Frenó las promociones en WhatsApp",
            "Parou as promoções no WhatsApp",
            "Stopped promotions in WhatsApp",
        ],
    ),
    (
        "ledger.kind.meta_resume",
        [
            "Permitió de nuevo las promociones en WhatsApp",
            "Voltou a permitir promoções no WhatsApp",
            "Resumed promotions in WhatsApp",
        ],
    ),
];
