import java.math.*;
import java.util.*;

/** Numbers of all sizes, and sequences of random ones. */
public class Numbers {
    public static void main(String[] args) {
        BigInteger f = BigInteger.ONE;
        for (int i = 2; i <= 60; i++) f = f.multiply(BigInteger.valueOf(i));
        BigInteger p = BigInteger.TWO.pow(127).subtract(BigInteger.ONE);
        System.out.println(f + " " + f.bitLength() + " " + f.mod(p) + " " + p.isProbablePrime(20) + " " + f.gcd(BigInteger.TEN.pow(20)) + " " + BigInteger.valueOf(3).modPow(f, p) + " " + BigInteger.valueOf(7).modInverse(p));
        System.out.println(new BigInteger("-123456789abcdef", 16) + " " + f.negate().shiftRight(200) + " " + f.sqrt() + " " + f.toString(36) + " " + Arrays.toString(BigInteger.valueOf(-300).toByteArray()) + BigInteger.valueOf(-5).and(BigInteger.valueOf(12)) + BigInteger.valueOf(10).xor(BigInteger.valueOf(3)) + Arrays.toString(f.divideAndRemainder(p)) + p.testBit(126) + f.getLowestSetBit());
        BigInteger huge = BigInteger.valueOf(3).pow(5000);
        System.out.println(huge.toString().hashCode() + " " + huge.multiply(huge.add(BigInteger.ONE)).hashCode() + " " + huge.pow(3).divide(huge).equals(huge.pow(2)));
        BigDecimal d = new BigDecimal("123.4500");
        System.out.println(d.scale() + " " + d.stripTrailingZeros() + " " + d.setScale(1, RoundingMode.HALF_EVEN) + " " + d.divide(new BigDecimal("7"), 20, RoundingMode.HALF_UP) + " " + d.divide(new BigDecimal(3), MathContext.DECIMAL32) + " " + d.equals(new BigDecimal("123.45")) + d.compareTo(new BigDecimal("123.45")) + " " + new BigDecimal(0.1).toString().substring(0, 20) + " " + BigDecimal.valueOf(0.1) + " " + new BigDecimal("1E+5").toPlainString() + " " + new BigDecimal("12345.678").toEngineeringString() + " " + new BigDecimal("0.000000123").toString() + " " + new BigDecimal(2).sqrt(new MathContext(30)));
        try {
            BigDecimal.ONE.divide(new BigDecimal(3));
        } catch (ArithmeticException e) {
            System.out.println(e.getMessage());
        }
        for (RoundingMode mode : RoundingMode.values()) {
            if (mode == RoundingMode.UNNECESSARY) continue;
            StringBuilder row = new StringBuilder(mode.name());
            for (String x : new String[] {"5.5", "2.5", "1.1", "-1.1", "-2.5"}) row.append(' ').append(new BigDecimal(x).setScale(0, mode));
            System.out.println(row);
        }
        for (double x : new double[] {0, -0.0, 1, 0.1, 1e7, 1.0E-3, 9.999e-4, 1.0e23, 2.2250738585072014E-308, 4.9e-324, 123456789012345680.0, Math.PI * 1e10, 2e-3, 1 / 3d, 1e22, 8.41e21, 5.0E-324, Double.MAX_VALUE}) System.out.print(x + " " + (float) x + " " + Double.toHexString(x) + "; ");
        System.out.println();
        for (String text : new String[] {"1e400", "-.5", "0x1.0p-2", "  12.50  ", "NaN", "1e-400", "9007199254740993", "0.30000000000000004", "1d", "3.4028236e38f"}) System.out.print(Double.parseDouble(text) + " " + Float.parseFloat(text) + "; ");
        System.out.println();
        for (String bad : new String[] {"", "1.2.3", "0x", "abc", "1e"}) {
            try {
                Double.parseDouble(bad);
            } catch (NumberFormatException e) {
                System.out.print(e.getMessage() + "; ");
            }
        }
        System.out.println(Integer.parseInt("-7f", 16) + Integer.toBinaryString(-8).length() + Integer.toUnsignedString(-1) + Integer.divideUnsigned(-1, 7) + Integer.reverse(12) + Integer.bitCount(255) + Integer.highestOneBit(100) + Integer.rotateLeft(1, 33) + Integer.compareUnsigned(-1, 1) + Integer.decode("#ff") + Long.toUnsignedString(-1) + Long.numberOfTrailingZeros(64) + Long.parseUnsignedLong("18446744073709551615") + Short.toUnsignedInt((short) -1) + Integer.toString(255, 2) + Character.digit('z', 36) + Byte.parseByte("-128"));
        for (String bad : new String[] {"2147483648", "", "+", "1_0", "９", " 1"}) {
            try {
                System.out.print(Integer.parseInt(bad) + " ");
            } catch (NumberFormatException e) {
                System.out.print(e.getMessage() + " ");
            }
        }
        System.out.println();
        System.out.println(Math.round(-2.5) + " " + Math.round(2.5f) + " " + Math.rint(2.5) + " " + Math.floor(-1.1) + Math.ceil(-0.5) + " " + Math.hypot(3, 4) + Math.cbrt(27) + Math.signum(-3.0) + Math.ulp(1.0) + Math.nextUp(1f) + Math.copySign(2, -0.0) + Math.getExponent(1e10) + Math.scalb(1.5, 4) + Math.fma(2.0, 3.0, 4.0) + " " + Math.IEEEremainder(5, 3) + StrictMath.sin(1) + Math.toDegrees(Math.PI));
        for (Runnable exact : new Runnable[] {() -> Math.addExact(Integer.MAX_VALUE, 1), () -> Math.multiplyExact(1L << 62, 2L), () -> Math.toIntExact(1L << 40), () -> Math.negateExact(Integer.MIN_VALUE)}) {
            try {
                exact.run();
            } catch (ArithmeticException e) {
                System.out.print(e.getMessage() + "; ");
            }
        }
        System.out.println(Math.multiplyHigh(1L << 62, 12) + " " + Math.floorMod(-7L, 3));
        Random random = new Random(12345);
        System.out.println(random.nextInt() + " " + random.nextInt(100) + " " + random.nextLong() + " " + random.nextDouble() + " " + random.nextFloat() + " " + random.nextBoolean() + " " + random.nextGaussian() + " " + random.ints(5, 0, 10).boxed().toList() + random.nextInt(5, 9));
        SplittableRandom split = new SplittableRandom(99);
        System.out.println(split.nextInt(1000) + " " + split.split().nextLong() + " " + split.doubles(2).sum() + " " + java.util.random.RandomGenerator.of("Xoshiro256PlusPlus").getClass().getSimpleName());
        byte[] bytes = new byte[6];
        new Random(5).nextBytes(bytes);
        System.out.println(Arrays.toString(bytes) + Objects.hash(1, "a", 2.5) + Double.hashCode(0.1) + Long.hashCode(1L << 40) + Boolean.hashCode(true) + "hash".hashCode() + List.of(1, 2).hashCode() + Float.floatToIntBits(1.5f) + Double.doubleToLongBits(-0.0));
    }
}
