<?xml version="1.0"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" indent="yes"/>
  <xsl:template match="/books">
    <list total="{sum(book/price)}">
      <xsl:for-each select="book">
        <xsl:sort select="price" data-type="number"/>
        <item><xsl:value-of select="concat(title, ' ', @year)"/></item>
      </xsl:for-each>
    </list>
  </xsl:template>
</xsl:stylesheet>
