import java.io.*;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.security.spec.*;
import java.util.*;
import java.util.zip.*;
import javax.crypto.*;
import javax.crypto.spec.*;

/** Digests, ciphers, signatures, checksums, encodings. */
public class Security {
    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    public static void main(String[] args) throws Exception {
        byte[] text = "The quick brown fox".getBytes(StandardCharsets.UTF_8);
        for (String name : new String[] {"MD5", "SHA-1", "SHA-256", "SHA-512", "SHA3-256"}) System.out.println(name + " " + hex(MessageDigest.getInstance(name).digest(text)));
        try {
            MessageDigest.getInstance("NONE");
        } catch (NoSuchAlgorithmException e) {
            System.out.println(e.getMessage());
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec("key".getBytes(), "HmacSHA256"));
        System.out.println(hex(mac.doFinal(text)));
        SecretKeySpec key = new SecretKeySpec(Arrays.copyOf("sixteen byte key".getBytes(), 16), "AES");
        for (String mode : new String[] {"AES/ECB/PKCS5Padding", "AES/CBC/PKCS5Padding", "AES/CTR/NoPadding", "AES/GCM/NoPadding"}) {
            Cipher cipher = Cipher.getInstance(mode);
            AlgorithmParameterSpec spec = mode.contains("GCM") ? new GCMParameterSpec(128, new byte[12]) : mode.contains("ECB") ? null : new IvParameterSpec(new byte[16]);
            cipher.init(Cipher.ENCRYPT_MODE, key, spec);
            byte[] secret = cipher.doFinal(text);
            cipher.init(Cipher.DECRYPT_MODE, key, spec);
            System.out.println(mode + " " + hex(secret) + " " + new String(cipher.doFinal(secret)));
        }
        Cipher wrong = Cipher.getInstance("AES/CBC/PKCS5Padding");
        wrong.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(new byte[16]));
        try {
            wrong.doFinal(new byte[16]);
        } catch (BadPaddingException e) {
            System.out.println(e.getMessage());
        }
        SecretKeyFactory factory = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256");
        System.out.println(hex(factory.generateSecret(new PBEKeySpec("password".toCharArray(), "salt".getBytes(), 20, 128)).getEncoded()));
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(512);
        KeyPair pair = rsa.generateKeyPair();
        Signature signer = Signature.getInstance("SHA256withRSA");
        signer.initSign(pair.getPrivate());
        signer.update(text);
        byte[] signed = signer.sign();
        signer.initVerify(pair.getPublic());
        signer.update(text);
        System.out.println(signed.length + " " + signer.verify(signed) + " " + pair.getPublic().getAlgorithm() + pair.getPublic().getFormat());
        KeyPairGenerator ec = KeyPairGenerator.getInstance("EC");
        ec.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair curve = ec.generateKeyPair();
        Signature ecdsa = Signature.getInstance("SHA256withECDSA");
        ecdsa.initSign(curve.getPrivate());
        ecdsa.update(text);
        byte[] proof = ecdsa.sign();
        ecdsa.initVerify(curve.getPublic());
        ecdsa.update("other".getBytes());
        System.out.println(ecdsa.verify(proof));
        SecureRandom random = new SecureRandom();
        System.out.println(random.nextInt() != random.nextInt() || random.nextLong() != 0);
        CRC32 crc = new CRC32();
        crc.update(text);
        Adler32 adler = new Adler32();
        adler.update(text, 2, 5);
        CRC32C c = new CRC32C();
        c.update(text);
        System.out.println(Long.toHexString(crc.getValue()) + " " + adler.getValue() + " " + c.getValue());
        System.out.println(Base64.getEncoder().encodeToString(text) + " " + Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[] {-1, -2, -3, -4}) + " " + new String(Base64.getMimeDecoder().decode("VGhl\r\nIHF1")) + " " + Base64.getMimeEncoder(8, new byte[] {'|'}).encodeToString(text));
        try {
            Base64.getDecoder().decode("a?b=");
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }
        System.out.println(UUID.nameUUIDFromBytes(text) + " " + UUID.fromString("123e4567-e89b-12d3-a456-426614174000").version() + UUID.randomUUID().version() + " " + new UUID(1, 2).compareTo(new UUID(1, 3)));
    }
}
