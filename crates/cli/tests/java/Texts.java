import java.nio.charset.*;
import java.text.*;
import java.util.*;
import java.util.regex.*;

/** Strings, formats, regular expressions, charsets, locales. */
public class Texts {
    public static class Words extends ListResourceBundle {
        protected Object[][] getContents() {
            return new Object[][] {{"hello", "Hello, {0}!"}, {"count", 3}};
        }
    }

    public static class Words_de extends ListResourceBundle {
        protected Object[][] getContents() {
            return new Object[][] {{"hello", "Hallo, {0}!"}};
        }
    }

    static void strings() {
        String s = "  Hällo, Wörld \uD83D\uDE00  ";
        System.out.println(s.strip().length() + " " + s.codePointCount(0, s.length()) + " " + s.trim().toUpperCase(Locale.ROOT) + " " + s.isBlank() + s.indexOf("W") + s.lastIndexOf('l') + " " + s.strip().codePointAt(13));
        System.out.println("a\nb\r\nc".lines().toList() + "ab".repeat(3) + "x".compareTo("abc") + "Straße".equalsIgnoreCase("STRASSE") + "straße".toUpperCase(Locale.ROOT) + "TITLE".toLowerCase(new Locale("tr")) + String.join("|", List.of("p", "q")) + "abc".contains("bc") + "aXbXc".replace('X', 'y').replaceAll("[by]", "<$0>"));
        System.out.println("%d%%".formatted(5) + "a,b,,c,,".split(",").length + Arrays.toString("a1b22c".split("\\d+", 2)) + "abc".chars().sum() + "  in\n   dent".indent(2).replace('\n', '/') + "tab".transform(x -> x + x) + "\\t\\101".translateEscapes() + "  x\n y".stripIndent().replace("\n", "$") + new String(new char[] {'o', 'k'}, 0, 2) + String.valueOf((Object) null) + "b".concat("c").intern());
        StringBuilder b = new StringBuilder("hello");
        b.insert(0, 12.5f).reverse().deleteCharAt(0).setCharAt(0, 'L');
        b.append(true).append('c').append(new char[] {'d'}).append((String) null).replace(1, 3, "__").setLength(14);
        System.out.println(b + " " + b.indexOf("_") + " " + new StringBuilder("a\uD83D\uDE00b").reverse() + new StringJoiner(", ", "{", "}").setEmptyValue("none") + new StringJoiner("-").add("a").add("b"));
        StringTokenizer tokens = new StringTokenizer("a b;c", " ;", true);
        while (tokens.hasMoreTokens()) System.out.print("[" + tokens.nextToken() + "]");
        System.out.println(Character.getName('a') + Character.isLetter('ß') + Character.isJavaIdentifierStart('$') + Character.getNumericValue('F') + Character.toChars(0x1F600).length + Character.UnicodeBlock.of('я') + Character.getType('A') + Character.isMirrored('('));
        Scanner scanner = new Scanner("12 3.5 word true\nrest of line\n0x1F,99").useLocale(Locale.ROOT);
        System.out.println(scanner.nextInt() + scanner.nextDouble() + scanner.next() + scanner.nextBoolean() + scanner.nextLine() + "|" + scanner.nextLine() + "|" + scanner.useDelimiter(",").next() + scanner.nextLong() + scanner.hasNext());
    }

    static void formats() {
        System.out.println(String.format(Locale.ROOT, "|%5d|%-5d|%05d|%+d|%,d|%(d|%x|%#o|%X|", 42, 42, 42, 42, 1234567, -5, 255, 8, -1));
        System.out.println(String.format(Locale.ROOT, "|%.3f|%10.2f|%-10.1f|%e|%.2E|%g|%a|%,.2f|", Math.PI, Math.E, 2.25, 12345.678, 0.00012, 0.0001, 1.0, 9876543.215));
        System.out.println(String.format(Locale.ROOT, "|%s|%10s|%-10s|%.2s|%S|%c|%b|%h|%n", "str", "right", "left", "cut", "up", 'c', null, "hash").trim() + String.format("%2$s %1$s %<s %s", "a", "b"));
        System.out.println(String.format(Locale.GERMANY, "%,.2f", 1234567.891) + String.format(Locale.FRANCE, " %,d", 1234567) + String.format(Locale.ROOT, " %tF %<tT %<tA", new GregorianCalendar(2024, Calendar.FEBRUARY, 29, 13, 5, 9)));
        for (String bad : new String[] {"%d", "%q", "%.2d", "%-d", "%5%%s"}) {
            try {
                System.out.print(String.format(bad, "x") + " ");
            } catch (IllegalFormatException e) {
                System.out.print(e.getClass().getSimpleName() + ":" + e.getMessage() + " ");
            }
        }
        System.out.println();
        System.out.println(MessageFormat.format("{0} has {1,number,#.##} of {2}, '{3}' {1,choice,0#none|1#one|1<many}", "Ann", 2.345, "x") + new ChoiceFormat("0#zero|1#one|2#more").format(5));
        DecimalFormat decimal = new DecimalFormat("#,##0.00;(#)", DecimalFormatSymbols.getInstance(Locale.US));
        System.out.println(decimal.format(1234.5) + decimal.format(-0.125) + new DecimalFormat("0.###E0", DecimalFormatSymbols.getInstance(Locale.US)).format(123456) + new DecimalFormat("00.0%", DecimalFormatSymbols.getInstance(Locale.US)).format(0.256));
        System.out.println(NumberFormat.getCurrencyInstance(Locale.US).format(1234.5) + NumberFormat.getInstance(Locale.GERMANY).format(1234567.891) + NumberFormat.getPercentInstance(Locale.US).format(0.75) + NumberFormat.getCompactNumberInstance(Locale.US, NumberFormat.Style.SHORT).format(123456) + Currency.getInstance("JPY").getDefaultFractionDigits());
        try {
            System.out.println(NumberFormat.getInstance(Locale.GERMANY).parse("1.234,5") + " " + decimal.parse("(3.5)", new ParsePosition(0)));
            NumberFormat.getInstance(Locale.US).parse("none");
        } catch (ParseException e) {
            System.out.println(e.getMessage() + " at " + e.getErrorOffset());
        }
        BreakIterator words = BreakIterator.getWordInstance(Locale.US);
        words.setText("One two, three.");
        StringBuilder at = new StringBuilder();
        for (int i = words.first(); i != BreakIterator.DONE; i = words.next()) at.append(i).append(' ');
        System.out.println(at);
        String[] names = {"Zoe", "émile", "Emil", "ägypten", "Zebra", "eva"};
        Arrays.sort(names, Collator.getInstance(Locale.FRANCE));
        System.out.println(Arrays.toString(names) + Normalizer.normalize("é", Normalizer.Form.NFD).length());
        for (Locale locale : new Locale[] {Locale.ENGLISH, Locale.GERMAN}) {
            ResourceBundle bundle = ResourceBundle.getBundle("Texts$Words", locale, ResourceBundle.Control.getNoFallbackControl(ResourceBundle.Control.FORMAT_CLASS));
            System.out.println(MessageFormat.format(bundle.getString("hello"), "Eve") + bundle.getObject("count"));
        }
        System.out.println(Locale.forLanguageTag("de-CH").getDisplayCountry(Locale.ENGLISH) + " " + Locale.JAPAN.getDisplayLanguage(Locale.FRENCH) + " " + new Locale("pt", "BR").toLanguageTag());
    }

    static void regex() {
        Matcher m = Pattern.compile("(?<year>\\d{4})-(?<month>\\d\\d)").matcher("on 2024-05 and 1999-12");
        while (m.find()) System.out.print(m.group("year") + "/" + m.group(2) + "@" + m.start() + " ");
        System.out.println("x1y22".replaceAll("(\\w)(\\d+)", "$2$1") + Pattern.compile("\\b[a-z]").matcher("the big fox").replaceAll(r -> r.group().toUpperCase()));
        System.out.println(Pattern.matches("(a+)+b", "aaaaaaaaaaaaaaab") + " " + "aaa".matches("a{2}") + " " + "foobar".replaceFirst("o(?=b)", "0") + "a.b".split(Pattern.quote("."))[1] + " " + Pattern.compile("^\\s*#.*$", Pattern.MULTILINE).matcher("x\n # c\ny").replaceAll("") + Pattern.compile("É", Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE).matcher("é").matches() + Pattern.compile("(.)\\1").matcher("hello").find());
        System.out.println("aXbbXccc".split("(?<=X)").length + " " + "<<a>><<b>>".replaceAll("<<(.+?)>>", "[$1]") + " " + Pattern.compile("[\\p{Lu}&&[^A]]+").matcher("ABCa").results().map(MatchResult::group).toList() + Pattern.compile("a|ab|abc").matcher("abc").lookingAt() + Pattern.compile("(?i)ABC(?-i)d").matcher("abcd").matches() + Pattern.compile("\\G\\d").matcher("12a3").results().count());
        try {
            Pattern.compile("a(b");
        } catch (PatternSyntaxException e) {
            System.out.println(e.getDescription() + " " + e.getIndex());
        }
    }

    static void charsets() throws Exception {
        String text = "aé€\uD83D\uDE00";
        for (String name : new String[] {"UTF-8", "UTF-16", "UTF-16LE", "UTF-32", "ISO-8859-1", "US-ASCII", "windows-1252", "Shift_JIS", "GBK", "EUC-KR", "IBM037"}) {
            byte[] bytes = text.getBytes(name);
            System.out.print(name + " " + HexFormat.of().formatHex(bytes) + " " + new String(bytes, name).codePointCount(0, new String(bytes, name).length()) + "; ");
        }
        System.out.println();
        CharsetDecoder strict = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
        try {
            strict.decode(java.nio.ByteBuffer.wrap(new byte[] {'a', (byte) 0xff}));
        } catch (CharacterCodingException e) {
            System.out.println(e);
        }
        System.out.println(new String(new byte[] {(byte) 0xe2, (byte) 0x82, 'x'}, StandardCharsets.UTF_8) + Charset.isSupported("nope") + StandardCharsets.UTF_8.aliases().contains("UTF8") + StandardCharsets.US_ASCII.newEncoder().canEncode('é'));
    }

    public static void main(String[] args) throws Exception {
        strings();
        formats();
        regex();
        charsets();
    }
}
