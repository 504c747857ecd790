"""Published figures on the MEGC 2019 composite (442 clips, 68 subjects), to set beside ours.

UF1/UAR as printed by the papers, part by part from one composite-trained model.
"""

from __future__ import annotations

from dataclasses import dataclass

PARTS = ("full", "smic", "casme2", "samm")


@dataclass(frozen=True, slots=True)
class Published:
    """One row; figures as printed, "" where none are given."""

    method: str
    full: str
    smic: str
    casme2: str
    samm: str
    notes: tuple[int, ...] = ()


NOTES = {
    1: "oracle epoch: the released script keeps the epoch that is best on the test subject",
    2: "the printed UAR is macro precision; recomputed from the authors' log it is .719",
    3: "re-run with fixed epochs, without a look at the test subject",
}

ROWS = (
    Published("LBP-TOP 2014", ".588/.579", ".200/.528", ".703/.743", ".395/.410"),
    Published("Bi-WOOF 2018", ".630/.623", ".573/.583", ".781/.803", ".521/.514"),
    Published("CapsuleNet 2019", ".652/.651", ".582/.588", ".707/.702", ".621/.599"),
    Published("OFF-ApexNet 2019", ".720/.710", ".682/.670", ".876/.868", ".541/.539"),
    Published("OFF-ApexNet, honest re-run", ".703", "", "", "", (3,)),
    Published("Dual-Inception 2019", ".732/.728", ".665/.673", ".862/.856", ".587/.566"),
    Published("STSTNet 2019", ".735/.761", ".680/.701", ".838/.869", ".659/.681", (2,)),
    Published("STSTNet, honest re-run", ".713-.725", "", "", "", (3,)),
    Published("EMRNet 2019", ".789/.782", ".746/.753", ".829/.821", ".775/.715"),
    Published("RCN-A 2020", ".743/.719", ".633/.644", ".851/.812", ".760/.672"),
    Published("GEME 2021", ".740/.750", ".629/.657", ".840/.851", ".687/.654"),
    Published("MERSiamC3D 2021", ".807/.799", ".736/.760", ".882/.876", ".748/.728"),
    Published("FeatRef 2022", ".784/.783", ".701/.708", ".892/.887", ".737/.716"),
    Published("FRL-DGT 2023", ".812/.811", ".743/.749", ".919/.903", ".772/.758"),
    Published("HTNet 2024", ".860/.848", ".805/.791", ".953/.952", ".813/.812", (1,)),
    Published("HTNet, re-run by a user", ".648-.655", "", "", "", (3,)),
    Published("SRMCL 2024", ".863/.883", ".795", ".964", ".847"),
    Published("linear SVM on the flow maps", ".678/.689", "", "", "", (3,)),
)
