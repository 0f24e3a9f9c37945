//! Hosts that send messages: no plugin reaches one, whatever its grant says.
//!
//! A plugin that could call one of these would send behind the gate's back. The list is data, kept
//! by hand from the providers' own API documentation (last gone through 2026-11); it names domains
//! and covers everything below them. It cannot know a relay that somebody runs under a name of
//! their own; allow-listing by the operator is the fence for those.

/// A domain (with all below it) and who answers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Lower case, no leading or trailing dot.
    pub domain: &'static str,
    /// For the refusal's text.
    pub who: &'static str,
}

/// Everything refused.
pub const MESSAGING_PROVIDERS: &[Provider] = &[
    p("facebook.com", "Meta"),
    p("facebook.net", "Meta"),
    p("fbcdn.net", "Meta"),
    p("fbsbx.com", "Meta"),
    p("fb.com", "Meta"),
    p("fb.me", "Meta"),
    p("m.me", "Meta"),
    p("messenger.com", "Meta"),
    p("instagram.com", "Meta"),
    p("whatsapp.com", "Meta"),
    p("whatsapp.net", "Meta"),
    p("wa.me", "Meta"),
    p("wa.link", "WhatsApp link shortener"),
    p("twilio.com", "Twilio"),
    p("twil.io", "Twilio"),
    p("360dialog.io", "360dialog"),
    p("360dialog.com", "360dialog"),
    p("gupshup.io", "Gupshup"),
    p("gupshup.com", "Gupshup"),
    p("smsgupshup.com", "Gupshup"),
    p("infobip.com", "Infobip"),
    p("messagebird.com", "Bird"),
    p("bird.com", "Bird"),
    p("vonage.com", "Vonage"),
    p("nexmo.com", "Vonage"),
    p("sinch.com", "Sinch"),
    p("mblox.com", "Sinch"),
    p("wati.io", "WATI"),
    p("ycloud.com", "YCloud"),
    p("telegram.org", "Telegram"),
    p("telegram.me", "Telegram"),
    p("t.me", "Telegram"),
    p("8x8.com", "8x8"),
    p("wavecell.com", "8x8"),
    p("kaleyra.com", "Kaleyra"),
    p("kaleyra.io", "Kaleyra"),
    p("clickatell.com", "Clickatell"),
    p("plivo.com", "Plivo"),
    p("telnyx.com", "Telnyx"),
    p("bandwidth.com", "Bandwidth"),
    p("route.mobi", "Route Mobile"),
    p("routemobile.com", "Route Mobile"),
    p("rmlconnect.net", "Route Mobile"),
    p("karix.com", "Karix"),
    p("karix.io", "Karix"),
    p("valuefirst.com", "ValueFirst"),
    p("tanla.com", "Tanla"),
    p("aisensy.com", "AiSensy"),
    p("interakt.ai", "Interakt"),
    p("interakt.shop", "Interakt"),
    p("gallabox.com", "Gallabox"),
    p("respond.io", "respond.io"),
    p("trengo.com", "Trengo"),
    p("trengo.eu", "Trengo"),
    p("zenvia.com", "Zenvia"),
    p("take.net", "Blip"),
    p("blip.ai", "Blip"),
    p("msging.net", "Blip"),
    p("botmaker.com", "Botmaker"),
    p("chatapi.com", "Chat API"),
    p("chat-api.com", "Chat API"),
    p("green-api.com", "Green API"),
    p("greenapi.com", "Green API"),
    p("ultramsg.com", "UltraMsg"),
    p("maytapi.com", "Maytapi"),
    p("z-api.io", "Z-API"),
    p("w-api.app", "W-API"),
    p("wassenger.com", "Wassenger"),
    p("waapi.app", "WaAPI"),
    p("whapi.cloud", "Whapi"),
    p("wasender.com", "WaSender"),
    p("wasenderapi.com", "WaSender"),
    p("wablas.com", "Wablas"),
    p("fonnte.com", "Fonnte"),
    p("whatchimp.com", "WhatChimp"),
    p("manychat.com", "Manychat"),
    p("chatfuel.com", "Chatfuel"),
    p("callbell.eu", "Callbell"),
    p("leadsales.io", "Leadsales"),
    p("treble.ai", "Treble"),
    p("yalochat.com", "Yalo"),
    p("yalo.com", "Yalo"),
    p("signal.org", "Signal"),
    p("viber.com", "Viber"),
    p("line.me", "LINE"),
    p("sms.to", "SMS.to"),
    p("bulksms.com", "BulkSMS"),
    p("textmagic.com", "TextMagic"),
    p("textlocal.com", "Textlocal"),
    p("cm.com", "CM.com"),
    p("cmtelecom.com", "CM.com"),
    p("tyntec.com", "tyntec"),
    p("messagemedia.com", "MessageMedia"),
    p("labsmobile.com", "LabsMobile"),
    p("smsapi.com", "SMSAPI"),
    p("d7networks.com", "D7 Networks"),
    p("sns.amazonaws.com", "Amazon SNS"),
];

const fn p(domain: &'static str, who: &'static str) -> Provider {
    Provider { domain, who }
}

/// Who answers at `host` when it is a messaging provider. Case and a trailing dot do not matter.
#[must_use]
pub fn messaging_provider(host: &str) -> Option<&'static Provider> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if is_regional_aws_messaging(&host) {
        return Some(&AWS_MESSAGING);
    }
    MESSAGING_PROVIDERS.iter().find(|p| {
        host.strip_suffix(p.domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether `host` is a messaging provider or lies below one.
#[must_use]
pub fn is_messaging_provider(host: &str) -> bool {
    messaging_provider(host).is_some()
}

const AWS_MESSAGING: Provider = p("amazonaws.com", "Amazon messaging");

/// Amazon puts the region between service and domain: `sns.us-east-1.amazonaws.com`.
fn is_regional_aws_messaging(host: &str) -> bool {
    host.strip_suffix(".amazonaws.com").is_some_and(|rest| {
        rest.split('.')
            .any(|label| matches!(label, "sns" | "sms-voice" | "social-messaging"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_and_everything_below_them_are_refused() {
        for host in [
            "graph.facebook.com",
            "GRAPH.Facebook.COM.",
            "facebook.com",
            "graph.whatsapp.com",
            "mmg.whatsapp.net",
            "wa.me",
            "api.twilio.com",
            "waba-v2.360dialog.io",
            "api.gupshup.io",
            "xyz123.api.infobip.com",
            "conversations.messagebird.com",
            "api.bird.com",
            "api.nexmo.com",
            "us.conversation.api.sinch.com",
            "live-server-1.wati.io",
            "api.ycloud.com",
            "api.telegram.org",
            "sns.sa-east-1.amazonaws.com",
            "social-messaging.us-east-1.amazonaws.com",
        ] {
            assert!(is_messaging_provider(host), "{host}");
        }
    }

    #[test]
    fn names_that_only_look_alike_pass() {
        for host in [
            "notfacebook.com",
            "facebook.com.shop.example",
            "blackbird.com",
            "swa.me",
            "shop.example",
            "s3.us-east-1.amazonaws.com",
            "",
            ".",
        ] {
            assert!(!is_messaging_provider(host), "{host}");
        }
    }

    #[test]
    fn the_list_is_written_the_way_it_is_compared() {
        for p in MESSAGING_PROVIDERS {
            assert_eq!(p.domain, p.domain.to_ascii_lowercase());
            assert!(
                !p.domain.starts_with('.') && !p.domain.ends_with('.'),
                "{}",
                p.domain
            );
            assert!(is_messaging_provider(p.domain), "{}", p.domain);
        }
    }
}
