"""The words that columns go by: synonyms of our column names in four languages.

Names are compared without case, accents, blanks and punctuation, so ``CustomerID``,
``customer_id`` and ``Customer Id`` are one name. A name that merely contains a synonym
counts less, because ``Dt_Customer`` is a date and no customer.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

CONTAINED = 0.7
"""Score of a name that has a synonym inside, such as ``shop_order_date``."""

_STRONG: dict[str, str] = {
    "customer_id": """
        customerid customer custid custno customerno customernumber customernr customerkey
        customercode customeruniqueid clientid client clientno clientnumber userid user userno
        memberid member membershipnumber householdid household householdkey hhid buyerid
        shopperid accountid accountno accountnumber cardholderid cardid cardno contactid personid
        reviewerid authorid author
        loyaltyid loyaltycardnumber subscriberid respondentid respondent prospectid leadid
        kundennummer kundennr kundenid kundeid kunde kdnr nutzerid mitgliedsnummer
        idclient clientnum numeroclient numclient codeclient idutilisateur
        clienteid idcliente cliente codigocliente codcliente numerocliente usuarioid idusuario""",
    "visitor_id": """
        visitorid fullvisitorid visitor cookieid cookie deviceid anonymousid anonid browserid
        userpseudoid besucherid idvisiteur idvisitante""",
    "timestamp": """
        timestamp datetime date time ts invoicedate invoicetime orderdate orderdatetime ordertime
        orderedat purchasedate purchasetime purchasedat orderpurchasetimestamp transactiondate
        transactiontime transactiontimestamp transdate saledate salesdate createdat created
        eventtime eventdate eventtimestamp reviewdate reviewtime unixreviewtime sentat senddate
        contactdate contactedat touchdate visitdate occurredat basketdate receiptdate billdate
        datum zeitpunkt zeitstempel bestelldatum rechnungsdatum kaufdatum auftragsdatum
        datecommande dateachat datefacture horodatage fecha fechacompra fechapedido fechafactura
        fechaventa fechahora""",
    "amount": """
        amount totalamount amounttotal lineamount linetotal totalprice totalvalue salesvalue
        salesamount sales revenue netrevenue dollarvalue ordervalue ordertotal orderamount
        netamount netsales grossamount spend spent totalspent purchaseamount purchasevalue
        paymentvalue amountpaid turnover gmv transactionamount transactionvalue extendedprice
        subtotal basketvalue betrag gesamtbetrag umsatz summe nettobetrag montant montanttotal
        chiffreaffaires importe importetotal monto ventas venta""",
    "quantity": """
        quantity qty quantityordered orderquantity orderqty units unitssold pieces numberofcds
        numberofitems numitems nritems items itemcount itemqty menge anzahl stueck stuck
        stueckzahl stuckzahl quantite qte cantidad unidades""",
    "unit_price": """
        unitprice priceperunit priceeach itemprice unitsellingprice einzelpreis stueckpreis
        stuckpreis prixunitaire preciounitario""",
    "order_id": """
        orderid orderno ordernumber ordernr invoiceno invoiceid invoicenumber invoicenr invoice
        basketid basket transactionid transactionno transid receiptid receiptno receiptnumber
        billno billid ticketid purchaseid saleid salesid checkoutid bestellnummer bestellnr
        rechnungsnummer rechnungsnr auftragsnummer auftragsnr bonnr belegnummer commandeid
        numerocommande idcommande facture numerofacture nofacture pedidoid idpedido numeropedido
        pedido factura numerofactura""",
    "line_id": """
        lineid orderlineid orderitemid lineitemid invoicelineid transactionlineid positionsid""",
    "product_id": """
        productid productcode productno productnumber productkey stockcode sku skuid itemid itemcode
        itemno articleid articlecode articleno articlenumber artikelnummer artikelnr artikelid
        upc ean gtin asin isbn partnumber variantid styleid clothingid produktid produktnummer
        produktnr codeproduit idproduit refproduit codearticle codigoproducto idproducto
        productoid codproducto""",
    "product_name": """
        productname lineitemname producttitle productdescription itemname itemdescription
        articlename
        stockdescription artikelname artikelbezeichnung produktname produktbezeichnung bezeichnung
        nomproduit libelle designation nombreproducto descripcion descripcionproducto""",
    "category": """
        category categoryname productcategory itemcategory department departmentname dept
        productgroup productline productdepartment classname warengruppe kategorie
        produktkategorie categorie categorieproduit rayon famille categoria categoriaproducto
        familia""",
    "channel": """
        channel saleschannel orderchannel purchasechannel marketingchannel medium utmmedium
        platform storetype kanal vertriebskanal canal canaldevente canalventa canaldeventa""",
    "country": """
        country countryname countrycode shipcountry shippingcountry billingcountry
        customercountry deliverycountry land lieferland pays pais""",
    "discount": """
        discount discountamount discountvalue discounts linediscount rebate rabatt nachlass
        remise descuento""",
    "valid_from": """
        validfrom effectivefrom effectivedate snapshotdate asofdate asof validsince gueltigab
        gultigab gueltigvon validedepuis validodesde""",
    "type": """
        type eventtype event eventname action actiontype activity activitytype interaction
        behavior behaviour behaviortype ereignis ereignistyp aktion evenement typeevenement evento
        tipoevento accion""",
    "event_id": "eventid hitid logid clickid",
    "session_id": "sessionid session usersession visitid visit sitzung sitzungsid idsesion",
    "value": "value eventvalue revenue transactionrevenue responsevalue wert valeur valor",
    "text": """
        text reviewtext review reviewbody reviewcontent reviewcomment comment comments
        commenttext feedback feedbacktext message messagetext body content verbatim freetext
        opinion tweet bewertungstext kommentar nachricht freitext commentaire avis comentario
        resena mensaje texto""",
    "text_id": "textid reviewid commentid messageid ticketid feedbackid",
    "rating": """
        rating ratings stars star starrating reviewscore reviewrating overall overallrating
        bewertung sterne calificacion puntuacion etoiles""",
    "source": "source origin quelle origine origen",
    "offer_id": """
        offerid offer offername campaignid campaign campaigncode campaignname promoid promotion
        promotionid promocode mailingid mailing couponid kampagne kampagnenid angebot
        angebotsid campagne idcampagne offre campana idcampana oferta idoferta""",
    "touch_id": "touchid contactlogid sendid deliveryid impressionid",
    "treated": "treated treatment istreated exposed exposure contacted behandelt traite tratado",
    "responded": """
        responded response hasresponded converted conversion redeemed clicked accepted
        answered reagiert antwort reponse respuesta""",
    "propensity": "propensity propensityscore assignmentprobability treatmentprobability",
}

_WEAK: dict[str, dict[str, float]] = {
    "customer_id": {"id": 0.6, "uid": 0.8, "email": 0.5, "nr": 0.4, "number": 0.4},
    "timestamp": {"day": 0.8, "dt": 0.8, "month": 0.4},
    "amount": {"value": 0.8, "total": 0.9, "price": 0.6, "paid": 0.8, "sum": 0.7, "wert": 0.7},
    "quantity": {"count": 0.7, "volume": 0.5, "number": 0.5, "nombre": 0.6},
    "unit_price": {
        "price": 0.85,
        "saleprice": 0.9,
        "sellingprice": 0.9,
        "retailprice": 0.8,
        "productprice": 0.9,
        "preis": 0.85,
        "prix": 0.85,
        "precio": 0.85,
    },
    "order_id": {"order": 0.85, "transaction": 0.8, "receipt": 0.8, "ticket": 0.7, "commande": 0.8},
    "line_id": {"lineno": 0.5, "rowid": 0.6, "linenumber": 0.5},
    "product_id": {
        "product": 0.8,
        "item": 0.8,
        "article": 0.8,
        "artikel": 0.8,
        "produit": 0.8,
        "producto": 0.8,
        "produkt": 0.8,
        "reference": 0.6,
    },
    "product_name": {
        "description": 0.95,
        "title": 0.7,
        "product": 0.75,
        "item": 0.75,
        "producttype": 0.7,
    },
    "category": {
        "subcategory": 0.8,
        "section": 0.6,
        "division": 0.6,
        "divisionname": 0.6,
        "class": 0.6,
    },
    "channel": {
        "source": 0.6,
        "utmsource": 0.8,
        "device": 0.7,
        "trafficsource": 0.8,
        "referrer": 0.6,
        "via": 0.7,
    },
    "country": {"market": 0.6},
    "discount": {"retaildisc": 0.7, "coupondisc": 0.65, "markdown": 0.7},
    "value": {"amount": 0.9, "price": 0.8},
    "text": {"summary": 0.6, "note": 0.6, "notes": 0.6, "answer": 0.6, "title": 0.5},
    "rating": {"score": 0.7, "grade": 0.7, "note": 0.6, "nps": 0.8},
    "source": {"site": 0.6, "channel": 0.6},
    "offer_id": {"coupon": 0.8, "promo": 0.8},
    "responded": {"opened": 0.6},
    "propensity": {"probability": 0.5},
}

_HEADS: dict[str, str] = {
    "dt": "timestamp",
    "date": "timestamp", "datetime": "timestamp", "timestamp": "timestamp", "time": "timestamp",
    "datum": "timestamp", "fecha": "timestamp", "qty": "quantity", "quantity": "quantity",
    "country": "country", "category": "category", "channel": "channel", "discount": "discount",
    "disc": "discount", "rating": "rating", "amount": "amount", "revenue": "amount",
}  # fmt: skip
"""Last words that tell what the whole name means: ``shipping_country`` is a country."""

_COUNTED = frozenset({"number of", "num", "nb", "no of", "nombre de", "anzahl", "numero de"})

SERVICE_CODES = frozenset(
    {
        "POST", "POSTAGE", "DOT", "SHIPPING", "SHIP", "FREIGHT", "CARRIAGE", "DELIVERY", "FEE",
        "FEES", "BANK CHARGES", "AMAZONFEE", "MANUAL", "DISCOUNT", "ADJUST", "ADJUSTMENT",
        "HANDLING", "SURCHARGE", "SAMPLES", "PADS", "VERSAND", "VERSANDKOSTEN", "PORTO", "RABATT",
        "FRAIS DE PORT", "LIVRAISON", "REMISE", "ENVIO", "GASTOS DE ENVIO", "DESCUENTO",
    }
)  # fmt: skip
"""Product ids that are money but no product, whatever their name (in capitals)."""

SERVICE_WORDS = (
    "postage", "shipping", "carriage", "freight", "manual", "bank charges", "amazon fee",
    "handling fee", "service fee", "delivery", "commission", "adjust bad debt", "adjustment",
    "samples", "discount", "versand", "versandkosten", "porto", "frais de port", "livraison",
    "gastos de envio", "envio",
)  # fmt: skip
"""Product names, or their last words, that make a code without a number a service."""

CURRENCY_SIGNS = {"£": "GBP", "€": "EUR", "$": "USD", "¥": "JPY"}
CURRENCY_WORDS = {
    "dollar": "USD", "dollars": "USD", "usd": "USD", "gbp": "GBP", "pound": "GBP",
    "pounds": "GBP", "eur": "EUR", "euro": "EUR", "euros": "EUR", "chf": "CHF", "jpy": "JPY",
}  # fmt: skip
COUNTRY_CURRENCY = {
    "united kingdom": "GBP", "uk": "GBP", "gb": "GBP", "great britain": "GBP",
    "united states": "USD", "usa": "USD", "us": "USD", "germany": "EUR", "de": "EUR",
    "deutschland": "EUR", "france": "EUR", "fr": "EUR", "spain": "EUR", "es": "EUR",
    "espana": "EUR", "italy": "EUR", "it": "EUR", "switzerland": "CHF", "ch": "CHF",
    "japan": "JPY",
}  # fmt: skip


def tokens(name: str) -> tuple[str, ...]:
    """Split a column name into lower-case words without accents.

    Examples
    --------
    >>> tokens("CustomerID"), tokens("Dt_Customer"), tokens("Prénom du client")
    (('customer', 'id'), ('dt', 'customer'), ('prenom', 'du', 'client'))
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.findall(r"[a-z]+|[0-9]+", spaced.lower()))


@cache
def _strong(column: str) -> frozenset[str]:
    return frozenset({"".join(tokens(column)), *_STRONG.get(column, "").split()})


def name_score(column: str, name: str) -> float:
    """Say how well a user's column name fits one of our columns.

    Parameters
    ----------
    column : str
        One of our names, such as ``order_id``.
    name : str
        The user's name.

    Returns
    -------
    float
        1 for a known synonym, less for a doubtful one, 0.7 for a name that
        contains one, 0 if nothing speaks for it.

    Examples
    --------
    >>> name_score("order_id", "InvoiceNo"), name_score("order_id", "Rechnungs-Nr.")
    (1.0, 1.0)
    >>> name_score("timestamp", "Ship date"), name_score("customer_id", "Dt_Customer")
    (0.7, 0.0)
    """
    words = tokens(name)
    key = "".join(words)
    strong, weak = _strong(column), _WEAK.get(column, {})
    if key in strong:
        return 1.0
    if key in weak:
        return weak[key]
    if _contains(words, strong) or (words and _HEADS.get(words[-1]) == column):
        return CONTAINED
    if column == "quantity" and any(" ".join(words).startswith(f"{c} ") for c in _COUNTED):
        return CONTAINED
    return 0.0


def _contains(words: tuple[str, ...], strong: frozenset[str]) -> bool:
    """Tell whether two or more neighbouring words, but not all, make a synonym."""
    size = len(words)
    return any(
        "".join(words[start:end]) in strong
        for start in range(size)
        for end in range(start + 2, size + 1)
        if end - start < size
    )


def other_concept(name: str) -> str:
    """Return the id of something other than a customer that a name stands for, or ''.

    Examples
    --------
    >>> other_concept("StockCode"), other_concept("ID")
    ('product_id', '')
    """
    ids = ("order_id", "line_id", "product_id", "event_id", "session_id", "text_id", "touch_id")
    return next((i for i in (*ids, "offer_id") if name_score(i, name) >= CONTAINED), "")
