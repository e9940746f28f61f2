//! `bindgen INPUT.wasm OUTPUT_FOLDER`: makes the ES module and the WASM file that browsers load from what cargo has built.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let [input, output] = match <[_; 2]>::try_from(std::env::args_os().skip(1).collect::<Vec<_>>()) {
        Ok(paths) => paths,
        Err(_) => {
            eprintln!("Usage: bindgen INPUT.wasm OUTPUT_FOLDER");
            return ExitCode::from(2);
        }
    };
    // The names stay: wasm-opt sorts functions by them, so that like stands by like, and takes them away.
    // The default path of the WASM file would name it without its hash: the page always says it.
    let done = Bindgen::new()
        .input_path(input)
        .out_name("agnez")
        .web(true)
        .map(|bindgen| bindgen.omit_default_module_path(true))
        .and_then(|bindgen| bindgen.typescript(false).remove_producers_section(true).generate(output));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bindgen: {why:?}");
            ExitCode::FAILURE
        }
    }
}
