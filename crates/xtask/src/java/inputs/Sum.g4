grammar Sum;
sum : term (('+' | '-') term)* EOF ;
term : factor (('*' | '/') factor)* ;
factor : NUMBER | NAME | '(' sum ')' | '-' factor ;
NUMBER : [0-9]+ ('.' [0-9]+)? ;
NAME : [a-z] [a-z0-9]* ;
SPACE : [ \t\r\n]+ -> skip ;
