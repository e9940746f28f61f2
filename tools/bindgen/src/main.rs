//! `bindgen INPUT.wasm OUTPUT_FOLDER`: makes the ES module and the WASM file that browsers load from what cargo has built.
//!
//! wasm-opt sorts functions by their names, and then takes the names away. So that like stands by like, a name begins with that of the generic
//! function, without types, and with the length of the code: 14 KB less once it is compressed.

use std::collections::HashMap;
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
    // The default path of the WASM file would name it without its hash: the page always says it.
    let done = Bindgen::new()
        .input_path(input)
        .out_name("agnez")
        .web(true)
        .map(|bindgen| bindgen.omit_default_module_path(true))
        .and_then(|bindgen| bindgen.typescript(false).remove_producers_section(true).generate_output())
        .and_then(|mut made| {
            let functions = &mut made.wasm_mut().funcs;
            let lengths: HashMap<_, _> = functions.iter_local().map(|(id, function)| (id, function.size())).collect();
            for function in functions.iter_mut() {
                let length = lengths.get(&function.id()).copied().unwrap_or_default();
                function.name = function.name.take().map(|name| format!("{} {length:06} {name}", without_types(&name)));
            }
            made.emit(output)
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bindgen: {why:?}");
            ExitCode::FAILURE
        }
    }
}

/// The name without what stands between angle brackets.
fn without_types(name: &str) -> String {
    let mut depth = 0_i32;
    let is_outside = |c: &char| {
        let before = depth;
        depth += i32::from(*c == '<') - i32::from(*c == '>');
        before == 0 && depth == 0
    };
    name.replace("->", "").chars().filter(is_outside).collect()
}
