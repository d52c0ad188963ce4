//! Statements.

use super::{BUILT_IN, Parser};
use crate::ast::*;
use crate::diagnostic::Diagnostic;
use crate::lexer::Tok;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

impl Parser<'_> {
    pub(super) fn block(&mut self) -> Stmt {
        let start = self.span();
        let mut body = Vec::new();
        if self.expect_op("{") {
            while !self.is_op("}") && !self.at_end() {
                body.push(self.stmt());
            }
            if !self.eat_op("}") {
                let error = Diagnostic::error("syntax", self.span(), "the file ends inside a block");
                self.fail(error.also(start, "this brace is not closed"));
            }
        }
        Stmt { kind: StmtKind::Block(body), span: start.to(self.last_span()) }
    }

    /// A statement; goes on behind it after an error.
    pub(super) fn stmt(&mut self) -> Stmt {
        let (start, from) = (self.span(), self.at);
        let kind = self.deeper(Self::stmt_kind);
        if self.lost {
            self.next_stmt(from);
        }
        Stmt { kind, span: start.to(self.last_span()) }
    }

    fn boxed(&mut self) -> Box<Stmt> {
        Box::new(self.stmt())
    }

    /// Skips to the next statement or the end of the block.
    fn next_stmt(&mut self, from: usize) {
        self.lost = false;
        if self.at == from {
            self.bump();
        } else if matches!(self.toks[self.at - 1].tok, Tok::Op(";")) {
            return;
        }
        loop {
            match self.tok() {
                Tok::Op(";") => return self.bump(),
                Tok::Op("{") => return self.skip_balanced(),
                Tok::End | Tok::Op("}") => return,
                Tok::Word(
                    "if" | "while" | "do" | "for" | "foreach" | "return" | "switch" | "try" | "throw"
                    | "break" | "continue" | "var" | "case" | "default" | "class" | "interface",
                ) => return,
                _ => self.bump(),
            }
        }
    }

    fn stmt_kind(&mut self) -> StmtKind {
        if let Some(kind) = self.contextual() {
            return kind;
        }
        let Tok::Word(word) = self.tok() else { return self.plain() };
        match *word {
            "if" => self.if_stmt(),
            "while" => self.while_stmt(),
            "do" => self.do_stmt(),
            "for" => self.for_stmt(),
            "foreach" => self.foreach_stmt(),
            "switch" => self.switch_stmt(),
            "try" => self.try_stmt(),
            "var" => {
                self.bump();
                self.var_locals(false)
            }
            "return" => {
                self.bump();
                let value = if self.is_op(";") { None } else { Some(self.expr()) };
                self.end(StmtKind::Return(value))
            }
            "throw" => {
                self.bump();
                let value = self.expr();
                self.end(StmtKind::Throw(value))
            }
            "break" => {
                self.bump();
                self.end(StmtKind::Break)
            }
            "continue" => {
                self.bump();
                self.end(StmtKind::Continue)
            }
            "class" | "interface" if matches!(self.ahead(1), Tok::Ident(_)) => {
                let message = "a class stands in a file or in another class, not in a function";
                let error = Diagnostic::error("class-in-function", self.span(), message);
                self.fail(error.hint("move it out; what it uses of the function goes to its constructor"));
                StmtKind::Empty
            }
            _ => self.plain(),
        }
    }

    /// Statements that begin with a word that is a name elsewhere.
    fn contextual(&mut self) -> Option<StmtKind> {
        let Tok::Ident(word) = self.tok() else { return None };
        match &**word {
            "final" | "const"
                if matches!(self.ahead(1), Tok::Ident(_) | Tok::Word("var"))
                    || matches!((self.ahead(1), self.ahead(2)), (Tok::Op("."), Tok::Ident(_)))
                        && self
                            .scan_type(self.at + 1)
                            .is_some_and(|behind| matches!(self.toks[behind].tok, Tok::Ident(_))) =>
            {
                self.bump();
                if self.eat_word("var") || !self.at_declaration() {
                    Some(self.var_locals(true))
                } else {
                    Some(self.typed_locals(true))
                }
            }
            "assert" if !matches!(self.ahead(1), Tok::Op(op) if !["(", "!", "-", "~"].contains(op)) => {
                self.bump();
                let cond = self.expr();
                let message = (!self.lost && self.eat_op(":")).then(|| self.expr());
                Some(self.end(StmtKind::Assert { cond, message }))
            }
            "synchronized" if self.behind_bracket(self.at + 1) == Some(&Tok::Op("{")) => {
                self.bump();
                let lock = self.condition();
                Some(StmtKind::Synchronized { lock, body: self.boxed() })
            }
            _ => None,
        }
    }

    fn end(&mut self, kind: StmtKind) -> StmtKind {
        self.expect_op(";");
        kind
    }

    /// Blocks, declarations in the style of C, expressions.
    fn plain(&mut self) -> StmtKind {
        if self.eat_op(";") {
            return StmtKind::Empty;
        }
        if self.is_op("{") {
            return self.block().kind;
        }
        if self.at_declaration() {
            return self.typed_locals(false);
        }
        let value = self.expr();
        self.end(StmtKind::Expr(value))
    }

    /// Whether a type and a name stand here, as in `int x = 5;`.
    fn at_declaration(&self) -> bool {
        // A bracket opens a declaration only with the type of a function: else it is a cast.
        let function = matches!(self.behind_bracket(self.at), Some(Tok::Op("=>" | "[")));
        if self.is_op("(") && !function {
            return false;
        }
        let Some(behind) = self.scan_type(self.at) else { return false };
        let built_in = matches!(self.tok(), Tok::Ident(text) if BUILT_IN.contains(&&**text));
        match self.ahead(behind - self.at) {
            Tok::Ident(text) => &**text != "instanceof",
            // Not a name, but nothing else either: the message then says so.
            Tok::Word(_) => built_in,
            _ => false,
        }
    }

    fn typed_locals(&mut self, is_final: bool) -> StmtKind {
        let ty = self.type_expr();
        let mut locals = Vec::new();
        loop {
            let name = self.ident("the name of a variable");
            let init = self.eat_op("=").then(|| self.expr());
            locals.push(Local { name, ty: Some(ty.clone()), is_final, init });
            if self.lost || !self.eat_op(",") {
                return self.end(StmtKind::Local(locals));
            }
        }
    }

    /// What follows `var` in a statement.
    fn var_locals(&mut self, is_final: bool) -> StmtKind {
        let mut locals = Vec::new();
        loop {
            let name = self.ident("the name of a variable");
            let ty = (!self.lost && self.eat_op(":")).then(|| self.type_expr());
            self.attributes();
            let init = (!self.lost && self.eat_op("=")).then(|| self.expr());
            if !self.lost {
                locals.push(Local { name, ty, is_final, init });
            }
            if self.lost || !self.eat_op(",") {
                return self.end(StmtKind::Local(locals));
            }
        }
    }

    fn condition(&mut self) -> Expr {
        self.expect_op("(");
        let cond = self.expr();
        self.expect_op(")");
        cond
    }

    fn if_stmt(&mut self) -> StmtKind {
        self.bump();
        let cond = self.condition();
        let then = self.boxed();
        let other = self.eat_word("else").then(|| self.boxed());
        StmtKind::If { cond, then, other }
    }

    fn while_stmt(&mut self) -> StmtKind {
        self.bump();
        let cond = self.condition();
        StmtKind::While { cond, body: self.boxed() }
    }

    fn do_stmt(&mut self) -> StmtKind {
        self.bump();
        let body = self.boxed();
        if !self.eat_word("while") {
            self.expected("`while` behind the body of `do`");
            return StmtKind::Empty;
        }
        let cond = self.condition();
        let after = if self.lost || self.eat_op(";") { None } else { Some(self.boxed()) };
        StmtKind::DoWhile { body, cond, after }
    }

    fn for_stmt(&mut self) -> StmtKind {
        self.bump();
        let stop = |token: &crate::lexer::Token| {
            matches!(token.tok, Tok::Op(";" | "{" | "}" | "(" | ")") | Tok::Word("in"))
        };
        let first = self.toks[self.at..].iter().skip(1).find(|token| stop(token));
        if first.is_some_and(|token| token.tok == Tok::Word("in")) {
            return self.foreach_rest();
        }
        self.expect_op("(");
        let start = self.span();
        let mut init = Vec::new();
        if !self.eat_op(";") {
            let kind = if self.eat_word("var") {
                self.var_locals(false)
            } else if self.at_declaration() {
                self.typed_locals(false)
            } else {
                init = self
                    .expressions()
                    .into_iter()
                    .map(|e| Stmt { span: e.span, kind: StmtKind::Expr(e) })
                    .collect();
                self.end(StmtKind::Empty)
            };
            init.push(Stmt { kind, span: start.to(self.last_span()) });
        }
        let cond = if self.is_op(";") { None } else { Some(self.expr()) };
        self.expect_op(";");
        let step = if self.is_op(")") { Vec::new() } else { self.expressions() };
        self.expect_op(")");
        StmtKind::For { init, cond, step, body: self.boxed() }
    }

    fn expressions(&mut self) -> Vec<Expr> {
        let mut list = vec![self.expr()];
        while !self.lost && self.eat_op(",") {
            list.push(self.expr());
        }
        list
    }

    fn foreach_stmt(&mut self) -> StmtKind {
        self.bump();
        self.foreach_rest()
    }

    fn foreach_rest(&mut self) -> StmtKind {
        self.expect_op("(");
        let mut declares = self.eat_word("var");
        let mut ty = None;
        if !declares && self.at_declaration() {
            declares = true;
            ty = Some(self.type_expr());
        }
        let name = self.ident("the name of a variable");
        if declares && ty.is_none() && self.eat_op(":") {
            ty = Some(self.type_expr());
        }
        let second = (!self.lost && self.eat_op(",")).then(|| self.ident("the name of a second variable"));
        if !self.eat_word("in") {
            self.expected("`in`");
        }
        let over = self.expr();
        let to = (!self.lost && self.eat_op("..")).then(|| self.expr());
        self.expect_op(")");
        let body = self.stmt();
        StmtKind::Foreach(Box::new(Foreach { declares, ty, name, second, over, to, body }))
    }

    fn try_stmt(&mut self) -> StmtKind {
        self.bump();
        let start = self.last_span();
        let body = self.boxed();
        let mut catches = Vec::new();
        while self.eat_word("catch") {
            self.expect_op("(");
            let untyped = self.eat_word("var");
            let mut ty = (!untyped).then(|| self.type_expr());
            let name = self.ident("the name of the caught object");
            if untyped && self.eat_op(":") {
                ty = Some(self.type_expr());
            }
            self.expect_op(")");
            catches.push(Catch { ty, name, body: self.stmt() });
        }
        let finally = self.eat_word("finally").then(|| self.boxed());
        if catches.is_empty() && finally.is_none() {
            let error = Diagnostic::error("bare-try", start, "a `try` has neither `catch` nor `finally`");
            self.fail(error.hint("write `catch (string e) { … }` behind its body"));
        }
        StmtKind::Try { body, catches, finally }
    }

    fn switch_stmt(&mut self) -> StmtKind {
        self.bump();
        let value = self.condition();
        let mut items = Vec::new();
        let open = self.span();
        if self.expect_op("{") {
            while !self.is_op("}") && !self.at_end() {
                let span = self.span();
                if self.eat_word("case") {
                    items.push(SwitchItem::Case(self.expr()));
                    self.expect_op(":");
                } else if self.eat_word("default") {
                    items.push(SwitchItem::Default(span));
                    self.expect_op(":");
                } else {
                    items.push(SwitchItem::Stmt(self.stmt()));
                    continue;
                }
                if self.lost {
                    self.next_stmt(self.at);
                }
            }
            if !self.eat_op("}") {
                let error = Diagnostic::error("syntax", self.span(), "the file ends inside a `switch`");
                self.fail(error.also(open, "this brace is not closed"));
            }
        }
        StmtKind::Switch { value, items }
    }
}
