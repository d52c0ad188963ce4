import java.util.*; import java.util.stream.*; import java.time.*; import java.text.*; import java.nio.charset.*; import java.nio.file.*; import java.io.*;
import java.lang.reflect.*; import java.util.regex.*; import java.security.*; import java.util.function.*;
public class Tour { 
  interface Greet { String hi(String n); }
  static void t(String n, Callable c) { try { System.out.println(n + ": " + c.call()); } catch (Throwable e) { System.out.println(n + " FAIL " + e); if (System.getProperty("tr") != null) e.printStackTrace(); else { StackTraceElement[] s = e.getStackTrace(); for (int i=0;i<Math.min(s.length,3);i++) System.out.println("    " + s[i]); Throwable c2 = e.getCause(); if (c2 != null) System.out.println("   cause " + c2 + " " + (c2.getStackTrace().length>0?c2.getStackTrace()[0]:"")); } } }
  interface Callable { Object call() throws Throwable; }
  public static void main(String[] a) throws Exception {
   t("proxy", () -> { Greet g = (Greet) Proxy.newProxyInstance(Tour.class.getClassLoader(), new Class<?>[]{Greet.class}, (p, m, x) -> m.getName() + x[0]); return g.hi("bob"); });
   t("date", () -> LocalDate.of(2024, 2, 28).plusDays(2) + " " + Duration.ofMinutes(90) + " " + LocalDate.parse("2020-01-01").getDayOfWeek());
   t("zdt", () -> ZonedDateTime.of(2024,1,1,0,0,0,0,ZoneOffset.UTC));
   t("zone", () -> ZonedDateTime.of(2024,7,1,0,0,0,0,ZoneId.of("Europe/Berlin")).toInstant());
   t("charset", () -> new String("héllo".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1).length() + " " + Charset.forName("windows-1252").encode("é").get(0));
   t("regex", () -> Pattern.compile("(\\w+)@(\\w+)").matcher("x joe@site y").results().map(MatchResult::group).collect(Collectors.toList()));
   t("md5", () -> HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest("abc".getBytes())));
   t("sha", () -> HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("abc".getBytes())));
   t("serial", () -> { ByteArrayOutputStream b = new ByteArrayOutputStream(); ObjectOutputStream o = new ObjectOutputStream(b); o.writeObject(new ArrayList<>(List.of("a", 1, Map.of("k", 2.5)))); o.close(); return new ObjectInputStream(new ByteArrayInputStream(b.toByteArray())).readObject(); });
   t("rnd", () -> new Random(42).nextInt(1000) + " " + new SplittableRandom(7).nextInt(100));
   t("pstream", () -> IntStream.range(0, 1000).parallel().sum());
   t("base64", () -> Base64.getEncoder().encodeToString("hello".getBytes()));
   t("scanner", () -> new Scanner("1 2 x").nextInt());
   t("msgfmt", () -> MessageFormat.format("{0} is {1,number,#.##}", "pi", 3.14159));
   t("bits", () -> BitSet.valueOf(new long[]{5}) + " " + Integer.bitCount(255) + Long.numberOfTrailingZeros(8));
   t("uuid", () -> UUID.nameUUIDFromBytes("x".getBytes()));
   t("props", () -> { Properties p = new Properties(); p.load(new StringReader("a=1\nb=2")); return new TreeMap<>(p); });
   t("timer", () -> { Object l = new Object(); boolean[] r = {false}; Timer ti = new Timer(true); ti.schedule(new TimerTask() { public void run() { synchronized (l) { r[0] = true; l.notify(); } } }, 10); synchronized (l) { while (!r[0]) l.wait(1000); } return r[0]; });
   t("weak", () -> { WeakHashMap<Object,String> w = new WeakHashMap<>(); Object k = new Object(); w.put(k, "v"); return w.get(k); });
   t("resb", () -> String.format(Locale.GERMANY, "%,.2f", 12345.678));
   t("deser lambda", () -> { Supplier<String> s = (Supplier<String> & Serializable) () -> "ser"; ByteArrayOutputStream b = new ByteArrayOutputStream(); new ObjectOutputStream(b).writeObject(s); return ((Supplier<String>) new ObjectInputStream(new ByteArrayInputStream(b.toByteArray())).readObject()).get(); });
   t("clone", () -> { ArrayList<Integer> x = new ArrayList<>(List.of(1,2)); return x.clone(); });
   t("enumset", () -> EnumSet.range(DayOfWeek.MONDAY, DayOfWeek.WEDNESDAY) + "" + new EnumMap<>(Map.of(DayOfWeek.FRIDAY, 1)));
   t("crc", () -> { var c = new java.util.zip.CRC32(); c.update("abc".getBytes()); return c.getValue(); });
   t("nio", () -> java.nio.ByteBuffer.allocate(16).putInt(7).putLong(9L).flip().getInt());
   t("forkjoin", () -> new java.util.concurrent.ForkJoinPool(2).submit(() -> 5).get());
   t("exc", () -> { try { Integer.parseInt("x"); return 0; } catch (NumberFormatException e) { return e.getMessage(); } });
   t("instant", () -> Instant.ofEpochSecond(0)); t("currency", () -> Currency.getInstance("EUR").getDefaultFractionDigits());
   t("strsw", () -> switch ("b") { case "a" -> 1; case "b" -> 2; default -> 3; });
   t("intern", () -> ("a" + "b").intern() == "ab");
   t("env", () -> System.getenv("NO_SUCH_VAR")); t("collate", () -> Collator.getInstance(Locale.US).compare("a", "B") < 0);
  } }
