"""Catalogues to start from: a shop's vouchers, and a bank's products for the card data.

Values and responses in them are guesses to be replaced; nothing that is untested is shown as
an effect.
"""

from __future__ import annotations

from coterie.errors import ParameterError

_RETAIL = """\
# Offers of a shop. value is the margin of one answer, response your guess of the share who
# answer only because of the contact; both are yours to change.
[[offers]]
id = "win-back"
name = "Win-back voucher"
kind = "discount"
channel = "email"
eligible = "recency > 120 AND monetary >= 50"
cost = 0.05
value = 9
response = 0.03
contact_days = 28
reason = "She bought for more than 50 and has not come back for four months"

[[offers]]
id = "second-order"
name = "Free delivery on the second order"
kind = "discount"
channel = "email"
eligible = "frequency = 1 AND recency <= 120"
cost = 0.05
value = 8
response = 0.04
contact_days = 14
reason = "She bought once, lately; most who come back do so soon"

[[offers]]
id = "early-access"
name = "Early access to new products"
kind = "product"
channel = "app"
eligible = "frequency >= 5 AND recency <= 60"
value = 14
response = 0.03
contact_days = 28
reason = "She buys often and lately; news is worth more to her than a discount"

[[offers]]
id = "bundle"
name = "Bundle with a small discount"
kind = "discount"
channel = "email"
eligible = "frequency BETWEEN 2 AND 4 AND recency <= 120"
cost = 0.05
value = 7
response = 0.03
contact_days = 14
reason = "She comes back, and could buy more at a time"

[[offers]]
id = "survey"
name = "Three questions"
kind = "survey"
channel = "email"
eligible = "monetary < 50 AND recency > 120"
cost = 0.02
value = 2
response = 0.05
capacity = 1000
contact_days = 90
reason = "She spent little and left; what she misses is worth more to know than a voucher"
"""

_BANK = """\
# Offers of a bank to holders of its card (columns as in the card data). Offers of the kind
# credit are guarded: whoever draws much cash on the card, has used more than half of the limit
# or pays less than the minimum is never offered more debt, whatever the condition says.
[[offers]]
id = "wealth"
name = "Wealth management"
kind = "savings"
channel = "call"
eligible = "CREDIT_LIMIT >= 6000 AND PURCHASES >= 2500 AND CASH_ADVANCE = 0"
cost = 6
value = 400
response = 0.03
capacity = 400
contact_days = 90
reason = "She spends much, has a high limit and draws no cash, so there is money to invest"

[[offers]]
id = "savings-plan"
name = "Savings plan"
kind = "savings"
channel = "email"
eligible = "CASH_ADVANCE = 0 AND PRC_FULL_PAYMENT >= 0.5"
cost = 0.2
value = 60
response = 0.04
capacity = 1000
contact_days = 28
reason = "She pays her bill in full more often than not and draws no cash, so something is left"

[[offers]]
id = "instalments"
name = "Interest-free instalments"
kind = "credit"
channel = "app"
eligible = "ONEOFF_PURCHASES >= 500 AND INSTALLMENTS_PURCHASES < ONEOFF_PURCHASES"
cost = 0.1
value = 25
response = 0.05
contact_days = 28
reason = "She pays large purchases at once, and has room in her limit to spread them"

[[offers]]
id = "loan"
name = "Personal loan"
kind = "credit"
channel = "letter"
eligible = "TENURE >= 12 AND PAYMENTS >= 2 * MINIMUM_PAYMENTS AND PURCHASES >= 1000"
cost = 1.5
value = 150
response = 0.02
capacity = 500
contact_days = 90
reason = "A year with us, pays at least twice what is due, and uses little of her limit"

[[offers]]
id = "debt-advice"
name = "Free talk about lower payments"
kind = "service"
channel = "call"
eligible = "CASH_ADVANCE > PURCHASES AND BALANCE > 0.5 * CREDIT_LIMIT"
cost = 4
value = 120
response = 0.05
capacity = 800
contact_days = 90
reason = "She lives on cash advances and uses most of her limit; lower payments keep her with us"

[[offers]]
id = "cash-alert"
name = "Alert before a costly cash advance"
kind = "service"
channel = "app"
eligible = "CASH_ADVANCE > PURCHASES AND BALANCE <= 0.5 * CREDIT_LIMIT"
cost = 0.05
value = 8
response = 0.06
contact_days = 28
reason = "She draws more cash than she buys; what it costs should be no surprise"

[[offers]]
id = "pay-down"
name = "Plan to pay the balance down"
kind = "service"
channel = "email"
eligible = "BALANCE > 0.5 * CREDIT_LIMIT AND CASH_ADVANCE <= PURCHASES"
cost = 0.3
value = 45
response = 0.04
contact_days = 28
reason = "She owes more than half of her limit; a fixed rate costs her less and is sure to come"

[[offers]]
id = "protection"
name = "Purchase protection"
kind = "product"
channel = "email"
eligible = "ONEOFF_PURCHASES >= 200 AND INSTALLMENTS_PURCHASES < 0.5 * ONEOFF_PURCHASES"
cost = 0.1
value = 18
response = 0.05
contact_days = 28
reason = "She pays single large purchases with the card, which can be insured"

[[offers]]
id = "back-to-card"
name = "Half of the yearly fee back"
kind = "discount"
channel = "email"
eligible = "BALANCE_FREQUENCY < 0.6"
cost = 0.1
value = 20
response = 0.04
contact_days = 28
reason = "The card is at rest most months; the fee is what she sees of it"

[[offers]]
id = "household"
name = "Cashback on instalment shops"
kind = "discount"
channel = "app"
eligible = "INSTALLMENTS_PURCHASES > ONEOFF_PURCHASES AND PURCHASES_TRX > 2"
cost = 0.1
value = 10
response = 0.05
contact_days = 28
reason = "She buys in instalments, mostly small and often; the shops she uses give money back"

[[offers]]
id = "first-purchase"
name = "Cashback on the next purchases"
kind = "discount"
channel = "email"
eligible = "PURCHASES_TRX <= 3"
cost = 0.1
value = 9
response = 0.05
contact_days = 28
reason = "She hardly buys with the card; money back makes it worth a try"

[[offers]]
id = "survey"
name = "Three questions"
kind = "survey"
channel = "email"
eligible = "PURCHASES + PAYMENTS < 300"
cost = 0.02
value = 12
response = 0.05
capacity = 500
contact_days = 90
reason = "She brings little; what keeps her from using the card is worth knowing"
"""

EXAMPLES = {"bank": _BANK, "retail": _RETAIL}
"""Name -> the text of ``[[offers]]`` for ``coterie.toml``."""


def catalogue_text(name: str) -> str:
    """Return an example catalogue as it is to stand in ``coterie.toml``.

    Raises
    ------
    ParameterError
        If there is no example of that name.

    Examples
    --------
    >>> catalogue_text("bank").count("[[offers]]")
    12
    """
    if name not in EXAMPLES:
        raise ParameterError.unknown("example", name, EXAMPLES)
    return EXAMPLES[name]
