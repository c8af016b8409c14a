namespace Slice.Tests.Fuzzing;

/// <summary>
/// Makes inputs: takes a seed of the grammar and changes it in one to six places, by single bytes, by words of the grammar, by whole
/// pieces between separators, and by numbers at the ends of integer types. Bytes alone would hardly ever leave the first line of a
/// request; pieces alone would never meet a NUL.
/// </summary>
internal sealed class FuzzMutator(FuzzGrammar grammar)
{
    private const int MostChanges = 6;

    // Bytes that end something in some grammar here, or that a careless parser takes for another.
    private static readonly byte[] s_bytes = "\0\t\n\v\f\r !\"#%,-/:;=?@[\\]~\u007f\u0080\u0085\u00a0\u00ff"u8.ToArray();

    /// <summary>The input of <paramref name="seed"/>; always the same.</summary>
    public byte[] Make(ulong seed)
    {
        var random = new FuzzRandom(seed);
        List<byte> input = [.. random.Pick(grammar.SeedBytes)];
        for (int changes = random.Below(MostChanges + 1); changes > 0; changes--)
        {
            Change(input, random);
        }

        if (input.Count > grammar.LongestInput)
        {
            input.RemoveRange(grammar.LongestInput, input.Count - grammar.LongestInput);
        }

        return [.. input];
    }

    private void Change(List<byte> input, FuzzRandom random)
    {
        int at = random.Below(input.Count + 1);
        switch (random.Below(12))
        {
            case 0:
                input.Insert(at, random.OneIn(4) ? (byte)random.Below(256) : random.Pick(s_bytes));
                break;
            case 1 when at < input.Count:
                input[at] = random.OneIn(4) ? (byte)random.Below(256) : random.Pick(s_bytes);
                break;
            case 2 when at < input.Count:
                input.RemoveAt(at);
                break;
            case 3:
                // Cut off: what arrived before the connection broke.
                input.RemoveRange(at, input.Count - at);
                break;
            case 4 when at < input.Count:
                input[at] ^= 0x20;
                break;
            case 5:
                input.InsertRange(at, Repeat(random.Pick(s_bytes), 1 + random.Below(40)));
                break;
            case 6 or 7:
                input.InsertRange(at, random.Pick(grammar.WordBytes));
                break;
            case 8:
                ReplaceNumber(input, at, random);
                break;
            case 9 or 10:
                ChangePieces(input, random);
                break;
            default:
                // What follows is another input's: two messages on one connection, one of them torn.
                byte[] other = random.Pick(grammar.SeedBytes);
                int from = random.Below(other.Length + 1);
                input.RemoveRange(at, random.OneIn(2) ? input.Count - at : 0);
                input.InsertRange(at, other[from..]);
                break;
        }
    }

    private void ReplaceNumber(List<byte> input, int at, FuzzRandom random)
    {
        int start = input.FindIndex(Math.Min(at, Math.Max(0, input.Count - 1)), value => char.IsAsciiDigit((char)value));
        if (start < 0)
        {
            return;
        }

        int end = start;
        while (end < input.Count && char.IsAsciiDigit((char)input[end]))
        {
            end++;
        }

        input.RemoveRange(start, end - start);
        input.InsertRange(start, random.Pick(grammar.NumberBytes));
    }

    private void ChangePieces(List<byte> input, FuzzRandom random)
    {
        List<byte[]> pieces = Split([.. input], grammar.SeparatorBytes);
        int chosen = random.Below(pieces.Count);
        switch (random.Below(4))
        {
            case 0:
                pieces.Insert(random.Below(pieces.Count + 1), pieces[chosen]);
                break;
            case 1:
                pieces.RemoveAt(chosen);
                break;
            case 2:
                int other = random.Below(pieces.Count);
                (pieces[chosen], pieces[other]) = (pieces[other], pieces[chosen]);
                break;
            default:
                pieces.Insert(chosen, random.Pick(grammar.WordBytes));
                break;
        }

        input.Clear();
        for (int index = 0; index < pieces.Count; index++)
        {
            input.AddRange(index == 0 ? [] : grammar.SeparatorBytes);
            input.AddRange(pieces[index]);
        }
    }

    private static List<byte[]> Split(byte[] input, byte[] separator)
    {
        List<byte[]> pieces = [];
        int start = 0;
        for (int found = 0; found >= 0;)
        {
            found = input.AsSpan(start).IndexOf(separator);
            int end = found < 0 ? input.Length : start + found;
            pieces.Add(input[start..end]);
            start = end + separator.Length;
        }

        return pieces;
    }

    private static byte[] Repeat(byte value, int count)
    {
        byte[] bytes = new byte[count];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
