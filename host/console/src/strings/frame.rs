//! The words around every page.

pub(super) const ROWS: super::Rows = &[
    ("frame.menu", ["Páginas", "Páginas", "Pages"]),
    (
        "frame.skip",
        [
            "Ir al contenido",
            "Ir para o conteúdo",
            "Skip to the content",
        ],
    ),
    (
        "frame.fresh",
        [
            "La página se actualizó.",
            "A página foi atualizada.",
            "The page was brought up to date.",
        ],
    ),
    (
        "frame.masked",
        [
            "Con tu rol los nombres y los números se ven tapados, y no se abre ni se busca a nadie. Si lo necesitas, pide a la dueña o el dueño otro rol.",
            "Com sua função os nomes e números aparecem cobertos, e não se abre nem se procura ninguém. Se precisar, peça outra função à dona ou ao dono.",
            "With your role names and numbers are masked, and nobody can be opened or looked for. If you need that, ask the owner for another role.",
        ],
    ),
    (
        "frame.busy",
        [
            "Trabajando en ello…",
            "Trabalhando nisso…",
            "Working on it…",
        ],
    ),
    (
        "frame.news",
        [
            "Nuevo: {n}. Mostrar",
            "Novo: {n}. Mostrar",
            "New: {n}. Show",
        ],
    ),
    ("frame.open", ["Abrir", "Abrir", "Open"]),
];
