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
    private const int Fields = 6;
    private const int FieldsOfGrant = 3;

    // Two numbers and the name of an instance for each grant are some 60.
    private const int MaxBytes = 4096;

    /// <summary>How large the directory may be: less than an instance was told where the file system is smaller.</summary>
    public long SizeBytes { get; init; } = long.MaxValue;

    /// <summary>Who may write into the room that was free.</summary>
    public IReadOnlyList<RoomGrant> Grants { get; init; } = [];

    /// <summary>All of that.</summary>
    public long GrantedBytes => Grants.Sum(static grant => grant.Bytes);

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
                && fields.Length >= Fields
                && TryNumber(fields[0], out long started)
                && TryNumber(fields[1], out long took)
                && TryNumber(fields[2], out long used)
                && TryNumber(fields[3], out long values)
                && TryNumber(fields[4], out long instances)
                ? new JanitorPass(started, took, used, values, (int)Math.Min(int.MaxValue, instances))
                {
                    // An instance of an earlier version writes no more than these five.
                    SizeBytes = TryNumber(fields[5], out long size) ? size : long.MaxValue,
                    Grants = GrantsIn(fields),
                }
                : null;
        }
    }

    /// <summary>Writes it in place of the last one.</summary>
    public void Write(OpenDirectory directory, FileWriter writer)
    {
        string grants = string.Concat(Grants.Select(grant => string.Create(
            CultureInfo.InvariantCulture, $" {grant.Instance} {grant.Bytes} {grant.EndsAtNs}")));
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{StartedAtNs} {TookNs} {UsedBytes} {Values} {Instances} {SizeBytes}{grants}\n");
        string temporary = writer.Write(directory, DirectoryLayout.JanitorPass, Encoding.ASCII.GetBytes(text));
        writer.Rename(directory, temporary, DirectoryLayout.JanitorPass);
    }

    private static List<RoomGrant> GrantsIn(string[] fields)
    {
        List<RoomGrant> grants = [];
        for (int at = Fields; at + FieldsOfGrant <= fields.Length && grants.Count < RoomGrant.Most; at += FieldsOfGrant)
        {
            if (TryNumber(fields[at + 1], out long bytes) && TryNumber(fields[at + 2], out long endsAt))
            {
                grants.Add(new RoomGrant(fields[at], bytes, endsAt));
            }
        }

        return grants;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
