import java.text.*;
import java.time.*;
import java.time.chrono.*;
import java.time.format.*;
import java.time.temporal.*;
import java.time.zone.*;
import java.util.*;

/** Dates and times, new and old. */
public class Dates {
    public static void main(String[] args) throws Exception {
        LocalDate leap = LocalDate.of(2024, 2, 29);
        System.out.println(leap.plusYears(1) + " " + leap.minusMonths(12) + " " + leap.getDayOfWeek() + " " + leap.lengthOfYear() + " " + leap.with(TemporalAdjusters.lastInMonth(DayOfWeek.FRIDAY)) + " " + leap.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR) + " " + leap.get(ChronoField.ALIGNED_WEEK_OF_YEAR) + " " + leap.datesUntil(LocalDate.of(2024, 3, 3)).toList() + " " + ChronoUnit.DAYS.between(LocalDate.EPOCH, leap) + " " + Period.between(LocalDate.of(2000, 1, 31), leap) + " " + leap.isLeapYear() + YearMonth.of(2023, 2).atEndOfMonth() + Year.of(1900).isLeap() + MonthDay.of(2, 29).isValidYear(2023));
        LocalDateTime dt = LocalDateTime.of(2024, 3, 31, 1, 30, 15, 123_456_789);
        ZonedDateTime rome = dt.atZone(ZoneId.of("Europe/Rome"));
        System.out.println(rome + " " + rome.plusHours(1) + " " + rome.plusDays(1).toOffsetDateTime() + " " + rome.withZoneSameInstant(ZoneId.of("America/New_York")) + " " + rome.toInstant().toEpochMilli() + " " + dt.truncatedTo(ChronoUnit.MINUTES) + " " + ZonedDateTime.of(2024, 3, 31, 2, 30, 0, 0, ZoneId.of("Europe/Rome")));
        ZoneRules rules = ZoneId.of("Asia/Kolkata").getRules();
        System.out.println(rules.getOffset(Instant.EPOCH) + " " + ZoneId.of("Europe/London").getRules().nextTransition(Instant.ofEpochSecond(1700000000)) + " " + ZoneOffset.ofHoursMinutes(-3, -30) + " " + ZoneId.getAvailableZoneIds().contains("Pacific/Chatham") + ZoneId.of("GMT+2").normalized());
        for (String pattern : new String[] {"yyyy-MM-dd'T'HH:mm:ss.SSS", "EEE, d MMM uuuu h:mm a", "EEEE dd MMMM yy QQQ w", "D e k:mm VV xxx z"}) System.out.print(DateTimeFormatter.ofPattern(pattern, Locale.US).format(rome) + " | ");
        System.out.println();
        for (Locale locale : new Locale[] {Locale.GERMANY, Locale.FRANCE, Locale.JAPAN, new Locale("es")}) System.out.print(DateTimeFormatter.ofLocalizedDate(FormatStyle.FULL).withLocale(locale).format(leap) + " | ");
        System.out.println(DateTimeFormatter.ISO_WEEK_DATE.format(leap) + " " + DateTimeFormatter.RFC_1123_DATE_TIME.format(rome) + " " + DateTimeFormatter.BASIC_ISO_DATE.format(leap));
        for (String bad : new String[] {"2023-02-29", "2024-13-01", "yesterday"}) {
            try {
                LocalDate.parse(bad);
            } catch (DateTimeParseException e) {
                System.out.print(e.getMessage() + " | ");
            }
        }
        System.out.println(LocalTime.parse("23:59:59.5").plusSeconds(1) + " " + Instant.parse("2024-01-01T00:00:00.000001Z").plusNanos(5) + " " + Duration.parse("PT-1H-30M").abs().toMinutes() + Duration.between(LocalTime.MIN, LocalTime.NOON) + Duration.ofMillis(90061001).toString() + " " + Period.parse("P1Y2M3W4D").toTotalMonths() + " " + OffsetDateTime.parse("2024-05-06T07:08:09+05:30").toInstant());
        try {
            dt.get(ChronoField.OFFSET_SECONDS);
        } catch (UnsupportedTemporalTypeException e) {
            System.out.println(e.getMessage());
        }
        System.out.println(JapaneseDate.from(leap) + " " + ThaiBuddhistDate.from(leap) + " " + MinguoDate.from(leap) + " " + HijrahDate.from(leap) + " " + Clock.fixed(Instant.EPOCH, ZoneOffset.UTC).instant() + " " + WeekFields.of(Locale.US).getFirstDayOfWeek() + new DateTimeFormatterBuilder().appendValue(ChronoField.YEAR, 4).appendLiteral('W').appendValue(IsoFields.WEEK_OF_WEEK_BASED_YEAR, 2).toFormatter().format(leap));
        TimeZone.setDefault(TimeZone.getTimeZone("America/Los_Angeles"));
        Calendar calendar = new GregorianCalendar(2024, Calendar.MARCH, 10, 1, 59, 59);
        calendar.add(Calendar.SECOND, 1);
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd HH:mm:ss zzz Z", Locale.US);
        System.out.println(format.format(calendar.getTime()) + " " + calendar.get(Calendar.WEEK_OF_YEAR) + " " + calendar.getActualMaximum(Calendar.DAY_OF_MONTH) + " " + calendar.getTimeZone().inDaylightTime(calendar.getTime()) + " " + new Date(0));
    }
}
