import subprocess


def main():
    subprocess.run(["nvidia-smi"], check=True)
    subprocess.run(["make", "data"], check=True)


if __name__ == "__main__":
    main()
