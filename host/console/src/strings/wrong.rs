//! The words for a filter that makes no sense, beside its field.

pub(super) const ROWS: super::Rows = &[
    (
        "explore.wrong.verdict",
        [
            "No hay un resultado así: elige uno de la lista.",
            "Não há um resultado assim: escolha um da lista.",
            "There is no such result: choose one from the list.",
        ],
    ),
    (
        "explore.wrong.rule",
        [
            "No hay una regla así: elige una de la lista.",
            "Não há uma regra assim: escolha uma da lista.",
            "There is no such rule: choose one from the list.",
        ],
    ),
    (
        "explore.wrong.plugin",
        [
            "Aquí no hay un bot así: elige uno de la lista.",
            "Aqui não há um bot assim: escolha um da lista.",
            "There is no such bot here: choose one from the list.",
        ],
    ),
    (
        "explore.wrong.campaign",
        [
            "Aquí no hay una campaña así: elige una de la lista.",
            "Aqui não há uma campanha assim: escolha uma da lista.",
            "There is no such campaign here: choose one from the list.",
        ],
    ),
    (
        "explore.wrong.who",
        [
            "Aquí nadie tiene ese número ni ese código: escríbelo con el código del país, como +573001112233.",
            "Aqui ninguém tem esse número nem esse código: escreva com o código do país, como +573001112233.",
            "Nobody here has that number or id: write it with the country code, such as +573001112233.",
        ],
    ),
    (
        "explore.wrong.since",
        [
            "Eso no es un día: escríbelo como 2026-11-24.",
            "Isso não é um dia: escreva como 2026-11-24.",
            "That is no day: write it as 2026-11-24.",
        ],
    ),
    (
        "explore.wrong.until",
        [
            "Eso no es un día: escríbelo como 2026-11-24.",
            "Isso não é um dia: escreva como 2026-11-24.",
            "That is no day: write it as 2026-11-24.",
        ],
    ),
    (
        "explore.wrong.after",
        [
            "Esa página no existe: pulsa «Mostrar» para empezar por la primera.",
            "Essa página não existe: toque em «Mostrar» para começar pela primeira.",
            "There is no such page: press “Show” to begin with the first.",
        ],
    ),
    (
        "figures.wrong.since",
        [
            "Eso no es un día: escríbelo como 2026-11-24.",
            "Isso não é um dia: escreva como 2026-11-24.",
            "That is no day: write it as 2026-11-24.",
        ],
    ),
    (
        "figures.wrong.until",
        [
            "Eso no es un día posterior al primero: escríbelo como 2026-11-24; ese día ya no cuenta.",
            "Isso não é um dia depois do primeiro: escreva como 2026-11-24; esse dia já não conta.",
            "That is no day after the first: write it as 2026-11-24; that day no longer counts.",
        ],
    ),
];
