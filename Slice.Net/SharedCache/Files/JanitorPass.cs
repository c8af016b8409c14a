using System.Globalization;
using System.Text;

namespace Slice.Net.SharedCache.Files;

/// <summary>What a pass of the janitor has left, as the instances read it.</summary>
/// <param name="StartedAtNs">When it began, by the server's clock.</param>
/// <param name="TookNs">How long it took.</param>
/// <param name="UsedBytes">Bytes that values and temporary files take.</param>
/// <param name="Values">How many values there are.</param>
/// <param name="Instances">How many instances were at work.</param>
internal sealed record JanitorPass(long StartedAtNs, long TookNs, long UsedBytes, long Values, int Instances)
{
    private const int MaxBytes = 128;
    private const int Fields = 5;

    /// <summary>Reads the last one; null when there was none, or none that can be read.</summary>
    public static JanitorPass? Read(OpenDirectory directory)
    {
        int error = NativeFiles.Open(directory.Root, DirectoryLayout.JanitorPass, isForWriting: false, out var file);
        if (error != 0)
        {
            return null;
        }

        using (file)
        {
            Span<byte> text = stackalloc byte[MaxBytes];
            error = NativeFiles.Read(file!, text, 0, out int read);
            string[] fields = Encoding.ASCII.GetString(text[..read]).Split(' ', '\n');
            return error == 0
                && fields.Length > Fields
                && TryNumber(fields[0], out long started)
                && TryNumber(fields[1], out long took)
                && TryNumber(fields[2], out long used)
                && TryNumber(fields[3], out long values)
                && TryNumber(fields[4], out long instances)
                ? new JanitorPass(started, took, used, values, (int)Math.Min(int.MaxValue, instances))
                : null;
        }
    }

    /// <summary>Writes it in place of the last one.</summary>
    public void Write(OpenDirectory directory, FileWriter writer)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{StartedAtNs} {TookNs} {UsedBytes} {Values} {Instances}\n");
        string temporary = writer.Write(directory, DirectoryLayout.JanitorPass, Encoding.ASCII.GetBytes(text));
        writer.Rename(directory, temporary, DirectoryLayout.JanitorPass);
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
