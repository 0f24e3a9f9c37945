//! The words of people and of one person.

pub(super) const ROWS: super::Rows = &[
    ("person.title", ["Personas", "Pessoas", "People"]),
    (
        "person.about",
        [
            "Quién es cada persona, qué aceptó y por qué se le escribió",
            "Quem é cada pessoa, o que aceitou e por que recebeu mensagens",
            "Who everybody is, what they agreed to, and why they were written to",
        ],
    ),
    (
        "person.search",
        [
            "Nombre, número, BSUID o id",
            "Nome, número, BSUID ou id",
            "Name, number, BSUID or id",
        ],
    ),
    ("person.find", ["Buscar", "Buscar", "Find"]),
    (
        "person.search.how",
        [
            "El número con su código de país, como esté escrito: con o sin el 1 de México, el 9 de Argentina, el noveno dígito de Brasil.",
            "O número com o código do país, como estiver escrito: com ou sem o 1 do México, o 9 da Argentina, o nono dígito do Brasil.",
            "The number with its country code, however it is spelled: with or without Mexico's 1, Argentina's 9, Brazil's ninth digit.",
        ],
    ),
    (
        "person.newest",
        ["Las más recientes", "As mais recentes", "The newest"],
    ),
    ("person.found", ["Encontradas", "Encontradas", "Found"]),
    (
        "person.none",
        [
            "Todavía no hay personas: llegan cuando escriben, por la API o en un archivo.",
            "Ainda não há pessoas: elas chegam quando escrevem, pela API ou em um arquivo.",
            "Nobody is here yet: people come when they write, by the API or in a file.",
        ],
    ),
    (
        "person.none_such",
        [
            "Nadie coincide con eso en esta tienda.",
            "Ninguém corresponde a isso nesta loja.",
            "Nobody of this shop fits that.",
        ],
    ),
    (
        "person.trouble",
        [
            "Esa página de la lista no existe; busca de nuevo.",
            "Essa página da lista não existe; busque de novo.",
            "There is no such page of the list; search again.",
        ],
    ),
    ("person.nameless", ["Sin nombre", "Sem nome", "No name"]),
    ("person.since", ["desde", "desde", "since"]),
    ("person.until", ["hasta", "até", "until"]),
    (
        "person.none_so_far",
        [
            "Nadie con ese nombre entre las personas más nuevas. Sigue con las más antiguas.",
            "Ninguém com esse nome entre as pessoas mais novas. Continue com as mais antigas.",
            "Nobody of that name among the newest people. Go on to the older ones.",
        ],
    ),
    (
        "person.more",
        ["Más personas", "Mais pessoas", "More people"],
    ),
    (
        "person.why",
        [
            "¿Por qué se le escribió?",
            "Por que recebeu uma mensagem?",
            "Why were they written to?",
        ],
    ),
    (
        "person.why.none",
        [
            "No salió ningún mensaje para esta persona entre lo más reciente.",
            "Nenhuma mensagem saiu para esta pessoa entre o mais recente.",
            "No message left for this person among the newest events.",
        ],
    ),
    (
        "person.because.reply",
        [
            "Porque la persona escribió primero: es una respuesta.",
            "Porque a pessoa escreveu primeiro: é uma resposta.",
            "Because the person wrote first: it is an answer.",
        ],
    ),
    (
        "person.because.transactional",
        [
            "Por un pedido o un trámite suyo.",
            "Por causa de um pedido ou serviço dela.",
            "Because of an order or a service of theirs.",
        ],
    ),
    (
        "person.because.authentication",
        [
            "Porque se pidió un código para ella.",
            "Porque foi pedido um código para ela.",
            "Because a code was asked for.",
        ],
    ),
    (
        "person.because.consent_request",
        [
            "Para preguntarle si acepta mensajes.",
            "Para perguntar se aceita mensagens.",
            "To ask whether they agree to messages.",
        ],
    ),
    (
        "person.because.promotional",
        [
            "Es una promoción: necesita su permiso.",
            "É uma promoção: precisa da permissão dela.",
            "It is a promotion: it needs their consent.",
        ],
    ),
    (
        "person.because.system",
        [
            "Es un aviso del propio servidor.",
            "É um aviso do próprio servidor.",
            "It is a notice of the server itself.",
        ],
    ),
    ("person.campaign", ["Campaña", "Campanha", "Campaign"]),
    ("person.agreed", ["Aceptó:", "Aceitou:", "They agreed:"]),
    (
        "person.verdict",
        [
            "Ver el veredicto completo",
            "Ver o veredito completo",
            "See the whole verdict",
        ],
    ),
    ("person.who", ["Quién es", "Quem é", "Who they are"]),
    ("person.identity", ["Identidad", "Identidade", "Identity"]),
    ("person.id", ["Id", "Id", "Id"]),
    ("person.name", ["Nombre", "Nome", "Name"]),
    ("person.language", ["Idioma", "Idioma", "Language"]),
    ("person.country", ["País", "País", "Country"]),
    ("person.address", ["Dirección", "Endereço", "Address"]),
    (
        "person.windows",
        [
            "Ventana de 24 horas",
            "Janela de 24 horas",
            "24-hour window",
        ],
    ),
    (
        "person.window.open",
        ["Abierta hasta", "Aberta até", "Open until"],
    ),
    (
        "person.window.closed",
        ["Cerrada desde", "Fechada desde", "Closed since"],
    ),
    ("person.number", ["Número", "Número", "Number"]),
    (
        "person.frequency",
        [
            "Frecuencia prometida",
            "Frequência prometida",
            "Promised frequency",
        ],
    ),
    (
        "person.frequency.none",
        [
            "No se le prometió ninguna: no hay un permiso vigente.",
            "Nenhuma foi prometida: não há permissão em vigor.",
            "None was promised: there is no consent in force.",
        ],
    ),
    (
        "person.meter",
        [
            "{used} en el período, de {promise}",
            "{used} no período, de {promise}",
            "{used} in the period, of {promise}",
        ],
    ),
    (
        "person.known",
        [
            "Atributos y etiquetas",
            "Atributos e etiquetas",
            "Attributes and tags",
        ],
    ),
    (
        "person.known.none",
        ["No hay ninguno.", "Não há nenhum.", "There are none."],
    ),
    ("person.promised", ["Prometido", "Prometido", "Promised"]),
    ("person.wording", ["Texto", "Texto", "Wording"]),
    ("person.source", ["Origen", "Origem", "Source"]),
    ("person.evidence", ["Prueba", "Prova", "Evidence"]),
    ("person.reason", ["Motivo", "Motivo", "Reason"]),
    (
        "person.withdraw",
        [
            "Retirar el permiso",
            "Retirar a permissão",
            "Withdraw consent",
        ],
    ),
    (
        "person.withdraw.all",
        [
            "Retirar todo: no quiere ningún mensaje",
            "Retirar tudo: não quer nenhuma mensagem",
            "Withdraw everything: they want no message",
        ],
    ),
    (
        "person.withdraw.do",
        [
            "Escribir la retirada",
            "Registrar a retirada",
            "Record the withdrawal",
        ],
    ),
    (
        "person.withdraw.what",
        [
            "Frena de inmediato lo que esté en cola; queda en el registro con el motivo y quién lo hizo.",
            "Barra de imediato o que estiver na fila; fica no registro com o motivo e quem o fez.",
            "What is queued is stopped at once; the ledger keeps the reason and who did it.",
        ],
    ),
    (
        "person.said.withdrawn",
        [
            "Quedó escrito: el permiso está retirado.",
            "Ficou registrado: a permissão foi retirada.",
            "It is recorded: the consent is withdrawn.",
        ],
    ),
    (
        "person.said.no_reason",
        [
            "No se escribió nada: falta el motivo.",
            "Nada foi registrado: falta o motivo.",
            "Nothing was recorded: the reason is missing.",
        ],
    ),
    (
        "person.said.refused",
        [
            "No se escribió nada: eso no se puede retirar así.",
            "Nada foi registrado: isso não pode ser retirado assim.",
            "Nothing was recorded: that cannot be withdrawn like this.",
        ],
    ),
    (
        "person.agree.how",
        [
            "Un permiso nuevo lo da la persona misma. Para preguntarle:",
            "Uma permissão nova é dada pela própria pessoa. Para perguntar:",
            "A new consent is given by the person. To ask them:",
        ],
    ),
    (
        "person.timeline",
        [
            "Todo lo que pasó",
            "Tudo o que aconteceu",
            "All that happened",
        ],
    ),
    (
        "person.timeline.none",
        ["Nada todavía.", "Nada ainda.", "Nothing yet."],
    ),
    ("person.older", ["Más antiguo", "Mais antigo", "Older"]),
    (
        "person.wrote",
        [
            "La persona escribió",
            "A pessoa escreveu",
            "The person wrote",
        ],
    ),
    (
        "person.handover.handed_over",
        [
            "Pasó a una persona de la tienda",
            "Passou para uma pessoa da loja",
            "Handed to a person of the shop",
        ],
    ),
    (
        "person.handover.answered",
        [
            "Alguien de la tienda respondió",
            "Alguém da loja respondeu",
            "Somebody of the shop answered",
        ],
    ),
    (
        "person.handover.given_back",
        [
            "Volvió al bot",
            "Voltou para o bot",
            "Given back to the bot",
        ],
    ),
    (
        "person.handover.unanswered",
        [
            "Nadie respondió a tiempo",
            "Ninguém respondeu a tempo",
            "Nobody answered in time",
        ],
    ),
    (
        "source.wa_keyword",
        [
            "una palabra en el chat",
            "uma palavra na conversa",
            "a word in the chat",
        ],
    ),
    (
        "source.wa_button",
        [
            "un botón en el chat",
            "um botão na conversa",
            "a button in the chat",
        ],
    ),
    (
        "source.wa_preference",
        [
            "los ajustes de WhatsApp",
            "as configurações do WhatsApp",
            "WhatsApp's own settings",
        ],
    ),
    (
        "source.meta_error",
        [
            "un error de Meta (131050)",
            "um erro da Meta (131050)",
            "an error of Meta (131050)",
        ],
    ),
    (
        "source.api",
        [
            "el sistema de la tienda",
            "o sistema da loja",
            "the shop's own system",
        ],
    ),
    (
        "source.operator",
        [
            "alguien de la tienda",
            "alguém da loja",
            "somebody of the shop",
        ],
    ),
    ("source.import", ["una lista", "uma lista", "a list"]),
    (
        "source.erasure",
        [
            "lo que pidió antes de que se borraran sus datos",
            "o que pediu antes de os seus dados serem apagados",
            "what they asked for before they were erased",
        ],
    ),
    (
        "source.seed",
        ["datos de prueba", "dados de teste", "test data"],
    ),
];
