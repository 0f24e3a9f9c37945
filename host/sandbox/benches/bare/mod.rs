//! The other side of the comparison: the component on wasmtime and nothing more.

use portero_domain::plugin::{ReplyEvent, ReplyEventKind};
use portero_domain::update::InboundBody;
use wasmtime::component::{
    Component, ComponentExportIndex, HasSelf, InstancePre, Linker, ResourceTable,
};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    world: "replies-plugin",
    imports: { default: trappable },
});

use exports::portero::plugin::replies::Action;
use portero::plugin as wit;

type Handled = Result<Vec<Action>, wit::types::Failure>;

pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

type Answered<T> = wasmtime::Result<Result<T, wit::types::HostError>>;

impl wit::types::Host for State {}

impl wit::log::Host for State {
    fn write(&mut self, _: wit::log::Level, _: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl wit::config::Host for State {
    fn get(&mut self) -> Answered<String> {
        Ok(Ok("{}".to_owned()))
    }
}

impl wit::kv::Host for State {
    fn get(&mut self, _: String) -> Answered<Option<Vec<u8>>> {
        Ok(Ok(None))
    }
    fn set(&mut self, _: String, _: Vec<u8>, _: Option<u32>) -> Answered<()> {
        Ok(Ok(()))
    }
    fn delete(&mut self, _: String) -> Answered<()> {
        Ok(Ok(()))
    }
    fn keys(&mut self, _: String, _: Option<String>, _: u32) -> Answered<Vec<String>> {
        Ok(Ok(Vec::new()))
    }
}

impl wit::gate::Host for State {
    fn preview(&mut self, _: wit::types::Proposal) -> Answered<wit::types::Verdict> {
        Ok(Err(wit::types::HostError::Unavailable))
    }
}

impl wit::contacts::Host for State {
    fn field(&mut self, _: String, _: String) -> Answered<Option<String>> {
        Ok(Ok(None))
    }
}

impl wit::http::Host for State {
    fn fetch(&mut self, _: wit::http::Request) -> Answered<wit::http::Response> {
        Ok(Err(wit::types::HostError::Unavailable))
    }
}

pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
    handle: ComponentExportIndex,
}

impl Bare {
    pub(crate) fn new(engine: &Engine, bytes: &[u8]) -> Bare {
        let component = Component::from_binary(engine, bytes).unwrap();
        let mut linker: Linker<State> = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        RepliesPlugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).unwrap();
        let replies = component
            .get_export_index(None, "portero:plugin/replies@0.1.0")
            .unwrap();
        let handle = component
            .get_export_index(Some(&replies), "handle")
            .unwrap();
        Bare {
            engine: engine.clone(),
            pre: linker.instantiate_pre(&component).unwrap(),
            handle,
        }
    }

    /// How many actions came back.
    pub(crate) async fn call(&self, event: &wit::types::Event, fuel: u64) -> usize {
        let state = State {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, state);
        store.set_fuel(fuel).unwrap();
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let handle = instance
            .get_typed_func::<(&wit::types::Event,), (Handled,)>(&mut store, &self.handle)
            .unwrap();
        let (answer,) = handle.call_async(&mut store, (event,)).await.unwrap();
        answer.map(|actions| actions.len()).unwrap_or(usize::MAX)
    }
}

/// The event as the guest takes it; only what the benchmark uses.
pub(crate) fn event(event: ReplyEvent) -> wit::types::Event {
    let ReplyEventKind::Message { wamid, body, .. } = event.what else {
        panic!("a message is measured");
    };
    let InboundBody::Text { text } = body else {
        panic!("a text is measured");
    };
    let ms = |at: portero_domain::clock::Ts| u64::try_from(at.ms()).unwrap();
    wit::types::Event {
        meta: wit::types::CallMeta {
            event_id: event.meta.event_id,
            now: ms(event.meta.now),
            timezone: event.meta.timezone,
            language: event.meta.language,
            ext: Vec::new(),
        },
        contact: wit::types::Contact {
            handle: event.contact.handle,
            name: event.contact.name,
            attributes: event.contact.attributes,
            tags: event.contact.tags,
        },
        conversation: wit::types::Conversation {
            window_closes_at: event.conversation.window_closes_at.map(ms),
            topics_granted: event.conversation.topics_granted,
            bot_messages_since_inbound: event.conversation.bot_messages_since_inbound,
        },
        what: wit::types::EventKind::Message(wit::types::Message {
            wamid,
            body: wit::types::InboundBody::Text(text),
            replies_to: None,
        }),
        ext: Vec::new(),
    }
}
