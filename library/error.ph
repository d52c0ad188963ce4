// What the library throws when it is given something that it cannot work with.
package .lib;

class error extends .internal.exception {
    void error(var what : string) { setMessage(what); }
};
