//! The HTML document around the page. Only the server renders it.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use super::{App, DATA_ID};
use crate::protocol::PageData;
use crate::routes;

/// URLs of the script, the WASM module and the style sheet.
#[derive(Clone, Debug)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
    /// The code of the panel of runs.
    pub runs: Vec<String>,
}

/// A script that runs before the first paint:
/// - Applies the stored theme: a dark page would flash white. Closes the list of runs where it was closed, and hides folded sections until
///   the page does; those of a view are drawn folded.
/// - Gives this tab's token to new tabs, unless the server is below a path, where the origin may have other applications.
/// - Replaces a page that was sent without a token, as on the server's own machine, by the page for the token in the link or in this tab,
///   as the login page does (src/server/http/pages/login.html). A refused token is deleted.
const BOOT_SCRIPT: &str = r##"try{const t=localStorage.getItem("agnez-theme");if(t=="light"||t=="dark")document.documentElement.dataset.theme=t;if(localStorage.getItem("agnez-runs")=="closed")document.documentElement.dataset.runs="closed";const w=localStorage.getItem("agnez-runs-width");if(w)document.documentElement.style.setProperty("--runs-width",w+"px");const folded=/[?&]view=/.test(location.search)?[]:JSON.parse(localStorage.getItem("agnez-folded:"+BOARD)??"[]").map(name=>`html:not([data-hydrated]) [data-section="${CSS.escape(name)}"]>.grid{display:none}`);if(folded.length){const sheet=new CSSStyleSheet();sheet.replaceSync(folded.join(""));document.adoptedStyleSheets=[sheet]}}catch{}
try{if(/^\/(~|$)/.test(new URL(document.baseURI).pathname)){const c=new BroadcastChannel("agnez");c.onmessage=({data})=>{const token=sessionStorage.getItem("agnez-token");if(data===null&&token)c.postMessage({token,rank:RANK})}}}catch{}
{const sent=()=>/[#&]token=([\w-]+)/.exec(location.hash)?.[1],HERE=location.pathname+location.search,{nonce}=document.currentScript;
let token=sent();if(location.hash.includes("token="))history.replaceState(null,"",HERE);
try{token??=sessionStorage.getItem("agnez-token");
if(token&&!KNOWS_TOKEN){const root=document.documentElement;root.dataset.replaced="";root.style.visibility="hidden";
const parsed=new Promise(done=>addEventListener("DOMContentLoaded",()=>setTimeout(done)));
fetch(HERE,{headers:{Authorization:"Bearer "+token,Accept:"text/html"},cache:"no-store"}).then(async reply=>{const text=await reply.text();await parsed;
if(!reply.ok){sessionStorage.removeItem("agnez-token");return location.replace(HERE)}
sessionStorage.setItem("agnez-token",token);const there=new URL(reply.url);
if(reply.redirected)history.replaceState(null,"",there.pathname.replace(/\/~[^/]+/,"")+there.search);
const word=/'nonce-([^']+)'/.exec(reply.headers.get("content-security-policy"))?.[1];
document.open();document.write(text.replaceAll('nonce="'+word+'"','nonce="'+nonce+'"'));document.close()},()=>location.replace(HERE))}}catch{}
addEventListener("hashchange",()=>{if(sent())location.reload()});}"##;

/// The script for a page of this board, or of none. `rank`: the extent of the reader's permission, by which other tabs choose among tokens.
/// `knows_token`: the page was requested with a token, and is the one to stay.
pub fn boot_script(board: &str, rank: u8, knows_token: bool) -> String {
    // `<` could end the script element; JSON has an escape for it.
    let board = serde_json::to_string(board).unwrap_or_default().replace('<', "\\u003c");
    BOOT_SCRIPT.replace("KNOWS_TOKEN", &knows_token.to_string()).replace("RANK", &rank.to_string()).replace("BOARD", &board)
}

/// The document; the browser hydrates its body. `base`: the prefix of its URLs. `rank`: as in [`boot_script`].
#[component]
pub fn Shell(page: PageData, assets: Assets, base: String, rank: u8) -> impl IntoView {
    let Assets { js, wasm, css, runs } = assets;
    let runs = if page.has_runs() { runs } else { Vec::new() };
    let code = std::iter::once(wasm.clone()).chain(runs);
    let code = code.map(|file| view! { <link rel="preload" href=file r#as="fetch" r#type="application/wasm" crossorigin="anonymous" /> });
    // `<` could end the script element; JSON has an escape for it.
    let data = serde_json::to_string(&page).unwrap_or_default().replace('<', "\\u003c");
    // A document that is about to be replaced is not hydrated (see [`BOOT_SCRIPT`]).
    let hydrate = format!(
        "import init, {{ hydrate }} from {js:?};\nif (!(\"replaced\" in document.documentElement.dataset)) {{\nawait init({{ module_or_path: {wasm:?} }});\nhydrate();\n}}"
    );
    let title = format!("{} · Agnez", page.settings.title);
    // The addresses of a page that was requested with a token begin with its key.
    let boot_script = boot_script(&page.board.name, rank, base.contains("/~"));
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <base href=base />
                <title>{title}</title>
                <script nonce=use_nonce()>{boot_script}</script>
                <link rel="icon" type="image/svg+xml" href=routes::favicon() />
                <link rel="stylesheet" href=css />
                <link rel="modulepreload" href=js />
                {code.collect_view()}
                <script type="application/json" id=DATA_ID>
                    {data}
                </script>
                <script type="module" nonce=use_nonce()>
                    {hydrate}
                </script>
            </head>
            <body>
                <App page />
            </body>
        </html>
    }
}
