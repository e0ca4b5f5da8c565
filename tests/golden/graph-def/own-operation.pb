

xPlaceholder

yAcmeOpx"Ú