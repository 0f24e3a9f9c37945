//! The words of the list of messages.

pub(super) const ROWS: super::Rows = &[
    ("messages.title", ["Mensajes", "Mensagens", "Messages"]),
    (
        "messages.list",
        [
            "Los más recientes primero",
            "As mais recentes primeiro",
            "The newest first",
        ],
    ),
    (
        "messages.step",
        ["Dónde están", "Onde estão", "Where they are"],
    ),
    (
        "messages.none",
        [
            "No hay mensajes así en ese tiempo.",
            "Não há mensagens assim nesse tempo.",
            "There are no such messages in that time.",
        ],
    ),
    (
        "messages.answered",
        [
            "De cada conversación, el último mensaje antes de que la persona escribiera.",
            "De cada conversa, a última mensagem antes de a pessoa escrever.",
            "Of each conversation, the last message before the person wrote.",
        ],
    ),
    (
        "messages.person",
        ["Ver a la persona", "Ver a pessoa", "See the person"],
    ),
    (
        "messages.wrong.step",
        [
            "No hay un estado así: elige uno de la lista.",
            "Não há um estado assim: escolha um da lista.",
            "There is no such state: choose one from the list.",
        ],
    ),
    (
        "messages.wrong.answered",
        [
            "Para ver las respuestas, elige desde qué día.",
            "Para ver as respostas, escolha desde que dia.",
            "To see what was answered, choose from which day on.",
        ],
    ),
];
