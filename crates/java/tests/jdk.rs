//! Every class of the installed JDK converts, and what comes out passes Phantom's verifier.

mod common;

use java::{ClassFile, MAJOR_MAX, Refusal, convert};

#[test]
fn every_class_of_the_jdk_converts() {
    let Some(jdk) = common::jdk() else { return common::skipped("every_class_of_the_jdk_converts") };
    let mut wrong: Vec<String> = Vec::new();
    let (mut converted, mut methods, mut instructions, mut sites, mut lambdas) = (0, 0, 0, 0, 0);
    let (mut in_bytes, mut out_bytes) = (0, 0);
    let count = common::each_class(&jdk, |name, bytes| {
        in_bytes += bytes.len();
        let made = match convert(bytes) {
            Ok(made) => made,
            Err(Refusal::NoClass(_)) if name.ends_with("module-info.class") => return,
            Err(Refusal::Version { major, .. }) if major > MAJOR_MAX => return,
            Err(refusal) => return wrong.push(format!("{name}: {refusal}")),
        };
        converted += 1;
        wrong.extend(made.diagnostics.iter().map(|found| format!("{name}: {found:?}")));
        if let Err(errors) = bytecode::verify_module(&made.module) {
            wrong.push(format!("{name}: {}", errors[0]));
        }
        let encoded = bytecode::encode(&made.module);
        out_bytes += encoded.len();
        if bytecode::decode(&encoded).as_ref() != Ok(&made.module) {
            wrong.push(format!("{name}: the module does not come back from its bytes"));
        }
        let kept = &made.module.classes[0].attributes[0];
        assert_eq!(kept.name, java::CLASS_FILE);
        match (ClassFile::parse(bytes), ClassFile::parse_any(&kept.bytes)) {
            (Ok(whole), Ok(kept)) => {
                let methods = |class: &ClassFile<'_>| -> Vec<(u16, String, usize)> {
                    let visible = |method: &java::Member<'_>| {
                        method.attributes.iter().filter(|attribute| attribute.name != b"Code").count()
                    };
                    let all = class.methods.iter();
                    all.map(|method| (method.access, method.name.clone(), visible(method))).collect()
                };
                assert_eq!(methods(&whole), methods(&kept), "{name}");
                assert!(kept.methods.iter().flat_map(|method| &method.attributes).all(|a| a.name != b"Code"));
                assert_eq!(whole.attributes.len(), kept.attributes.len(), "{name}");
            }
            (_, kept) => wrong.push(format!("{name}: without code: {:?}", kept.err())),
        }
        lambdas += made.module.classes.len() - 1;
        for method in made.module.classes.iter().flat_map(|class| &class.methods) {
            methods += 1;
            for insn in method.code.iter().flat_map(|code| bytecode::op::instructions(&code.bytes)).flatten()
            {
                instructions += 1;
                sites += usize::from(insn.op == bytecode::Op::CallSite);
            }
        }
    });
    eprintln!(
        "{count} classes, {converted} converted: {methods} methods, {instructions} instructions, {lambdas} lambdas, \
         {sites} other call sites; {in_bytes} bytes in, {out_bytes} bytes out"
    );
    assert!(converted > 5_000, "only {converted} classes were converted");
    assert!(
        wrong.is_empty(),
        "{} are wrong, the first of them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}
