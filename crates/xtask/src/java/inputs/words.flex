%%
%class Words
%unicode
%standalone
%%
[a-zA-Z]+        { System.out.println("word " + yytext()); }
[0-9]+           { System.out.println("number " + yytext()); }
"/*" ~"*/"       { }
[^]              { }
