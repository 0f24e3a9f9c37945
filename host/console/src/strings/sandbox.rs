//! The words of the list of people that a shop in sandbox mode may write to.

#[rustfmt::skip]
pub(super) const ROWS: super::Rows = &[
    ("sandbox.title", ["Personas de prueba", "Pessoas de teste", "Test people"]),
    ("sandbox.link", ["Personas de prueba: invitar y quitar", "Pessoas de teste: convidar e tirar", "Test people: invite and remove"]),
    ("sandbox.about", ["En modo sandbox la tienda solo escribe a quienes están aquí y respondieron su código: {n} de {max}.", "Em modo sandbox a loja só escreve a quem está aqui e respondeu seu código: {n} de {max}.", "In sandbox mode the shop writes only to people who are here and answered their code: {n} of {max}."]),
    ("sandbox.other_mode", ["Esta tienda no está en modo sandbox: hoy la lista no decide nada.", "Esta loja não está em modo sandbox: hoje a lista não decide nada.", "This shop is not in sandbox mode: today the list decides nothing."]),
    ("sandbox.none", ["Todavía no hay nadie. Invita primero tu propio número.", "Ainda não há ninguém. Convide primeiro o seu próprio número.", "Nobody is here yet. Invite your own number first."]),
    ("sandbox.confirmed", ["Respondió", "Respondeu", "Answered"]),
    ("sandbox.waits", ["Falta su código", "Falta o código", "Code awaited"]),
    ("sandbox.since", ["Desde", "Desde", "Since"]),
    ("sandbox.code", ["Código de {who}", "Código de {who}", "Code of {who}"]),
    ("sandbox.once", ["Se muestra una sola vez. Desde ese teléfono hay que escribirlo por WhatsApp a {number}.", "Aparece uma só vez. É preciso escrevê-lo por WhatsApp desse telefone a {number}.", "It is shown once. It has to be written by WhatsApp from that phone to {number}."]),
    ("sandbox.number", ["el número de la tienda", "o número da loja", "the shop's number"]),
    ("sandbox.already", ["{who} ya respondió: no necesita otro código.", "{who} já respondeu: não precisa de outro código.", "{who} answered already: no other code is needed."]),
    ("sandbox.removed", ["Ya no está en la lista: lo que no había empezado a salir no sale.", "Já não está na lista: o que não tinha começado a sair não sai.", "Off the list: what had not begun to leave does not leave."]),
    ("sandbox.add", ["Invitar a alguien", "Convidar alguém", "Invite somebody"]),
    ("sandbox.address", ["Número con código de país", "Número com código do país", "Number with country code"]),
    ("sandbox.do", ["Dar un código", "Dar um código", "Give a code"]),
    ("sandbox.again", ["Otro código", "Outro código", "Another code"]),
    ("sandbox.remove", ["Quitar", "Tirar", "Remove"]),
    ("sandbox.trouble.address", ["Esto no es un número con su código de país, como +57 300 111 2233.", "Isto não é um número com código do país, como +55 11 91234 5678.", "This is no number with its country code, such as +57 300 111 2233."]),
    ("sandbox.trouble.full", ["La lista está llena ({max}): quita a alguien primero.", "A lista está cheia ({max}): tire alguém primeiro.", "The list is full ({max}): remove somebody first."]),
];
