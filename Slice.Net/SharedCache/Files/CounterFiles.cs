using System.Collections.Concurrent;
using System.Globalization;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Counters as directories, with an empty file for each number: making one that exists fails, over NFS too, so that nobody else gets its
/// number. Blocks. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A counter begins as a directory of another name with its first number inside, and is renamed into place, which succeeds for one caller
/// only. From there on each number is the one after the highest, so that there are no gaps: looking for the next one is enough to know
/// that there is none. A jump takes the numbers of before away.
/// </para>
/// <para>
/// The janitor takes old numbers away, and an instance that has slept may try one of them: it is free, and was somebody's. So whoever has
/// made a number looks at the highest then. The last <see cref="Kept"/> are never taken away; a number among them was free because nobody
/// ever had it. One below is given back, and the search begins after the highest.
/// </para>
/// </remarks>
/// <param name="writer">Makes temporary names.</param>
internal sealed class CounterFiles(FileWriter writer)
{
    /// <summary>
    /// Numbers that a counter keeps. More than may be made while somebody is between making his and looking at the highest: then he would
    /// only leave one out.
    /// </summary>
    public const int Kept = 64;

    // Lost races in a row, after which the directory does not do what directories do.
    private const int MaxAttempts = 10_000;

    // After so many steps it is cheaper to list.
    private const int MaxSteps = 8;

    // What is remembered saves a listing, no more.
    private const int MaxRemembered = 65_536;

    private readonly ConcurrentDictionary<string, long> _highest = new(StringComparer.Ordinal);

    /// <summary>Makes the next number of a counter.</summary>
    /// <param name="directory">The shared directory.</param>
    /// <param name="key">The counter.</param>
    /// <param name="first">The number of a counter that does not exist.</param>
    /// <param name="step">How far from the highest: 1, or more than <see cref="Kept"/>.</param>
    public long Increment(OpenDirectory directory, string key, long first, long step)
    {
        string counter = DirectoryLayout.CounterOf(key);
        long highest = Read(directory, key);
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (highest == 0)
            {
                long begin = BeginningOf(key, first);
                if (TryBegin(directory, counter, begin))
                {
                    return Remember(key, begin);
                }

                highest = Highest(directory, counter);
                continue;
            }

            long number = highest + step;
            string name = DirectoryLayout.NumberOf(counter, number);
            int error = NativeFiles.CreateNew(directory.Root, name, out var file);
            file?.Dispose();
            if (error == FileTrouble.NoEntry)
            {
                highest = 0;
                continue;
            }

            OpenDirectory.Check("make", name, error == FileTrouble.Exists ? 0 : error);
            if (error == 0)
            {
                highest = Highest(directory, counter);
                if (number > highest - Kept)
                {
                    if (step > 1)
                    {
                        // Whoever remembers one of those of before looks for the highest then, instead of for the one after it.
                        RemoveOld(directory, counter, NumbersIn(directory, counter));
                    }

                    return Remember(key, number);
                }

                _ = NativeFiles.Remove(directory.Root, name);
                continue;
            }

            step = 1;
            highest = attempt % MaxSteps == MaxSteps - 1 ? Math.Max(number, Highest(directory, counter)) : number;
        }

        throw new FileErrorException("count in", counter, FileTrouble.Exists);
    }

    /// <summary>The highest number of a counter, which begins with <paramref name="first"/> where there is none.</summary>
    /// <param name="directory">The shared directory.</param>
    /// <param name="key">The counter.</param>
    /// <param name="first">The number of a counter that does not exist.</param>
    public long Ensure(OpenDirectory directory, string key, long first)
    {
        string counter = DirectoryLayout.CounterOf(key);
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (Read(directory, key) is > 0 and var highest)
            {
                return highest;
            }

            long begin = BeginningOf(key, first);
            if (TryBegin(directory, counter, begin))
            {
                return Remember(key, begin);
            }
        }

        throw new FileErrorException("count in", counter, FileTrouble.Exists);
    }

    /// <summary>The highest number of a counter; 0 when there is none.</summary>
    public long Read(OpenDirectory directory, string key)
    {
        string counter = DirectoryLayout.CounterOf(key);

        // Asks the server for the directory, whatever this machine remembers of it and of names that are not there (NFS, acdirmax).
        int error = NativeFiles.Status(directory.Root, counter, out var status);
        if (FileTrouble.MeansNothingThere(error))
        {
            return 0;
        }

        OpenDirectory.Check("look at", counter, error);
        if (!status.IsDirectory)
        {
            throw new FileErrorException("list", counter, FileTrouble.NotADirectory);
        }

        if (_highest.TryGetValue(key, out long highest) && Exists(directory, counter, highest))
        {
            for (int step = 0; step < MaxSteps; step++)
            {
                if (!Exists(directory, counter, highest + 1))
                {
                    return Remember(key, highest);
                }

                highest++;
            }
        }

        highest = Highest(directory, counter);
        return highest == 0 ? 0 : Remember(key, highest);
    }

    /// <summary>
    /// Takes away old numbers, or a counter whose last number is older than a given age: under another name first, so that nobody counts
    /// on in what is being removed.
    /// </summary>
    public void Trim(OpenDirectory directory, string counter, long nowNs, long longestAgeNs)
    {
        var numbers = NumbersIn(directory, counter);
        if (numbers.Count > 0
            && NativeFiles.Status(directory.Root, DirectoryLayout.NumberOf(counter, numbers[^1]), out var last) == 0
            && nowNs - last.WrittenAtNs > longestAgeNs)
        {
            string removed = writer.TemporaryFor(counter);
            if (NativeFiles.Rename(directory.Root, counter, removed) == 0)
            {
                RemoveWhole(directory, removed);
            }

            return;
        }

        RemoveOld(directory, counter, numbers);
    }

    private static void RemoveOld(OpenDirectory directory, string counter, List<long> numbers)
    {
        for (int index = 0; index < numbers.Count && numbers[index] <= numbers[^1] - Kept; index++)
        {
            _ = NativeFiles.Remove(directory.Root, DirectoryLayout.NumberOf(counter, numbers[index]));
        }
    }

    /// <summary>Removes a directory of ours with the files in it.</summary>
    public static void RemoveWhole(OpenDirectory directory, string name)
    {
        foreach (string file in directory.NamesIn(name))
        {
            _ = NativeFiles.Remove(directory.Root, $"{name}/{file}");
        }

        _ = NativeFiles.RemoveEmpty(directory.Root, name);
    }

    // One that was removed as unused begins above what this instance has seen of it.
    private long BeginningOf(string key, long first) => Math.Max(first, _highest.GetValueOrDefault(key) + 1);

    private bool TryBegin(OpenDirectory directory, string counter, long number)
    {
        string temporary = writer.TemporaryFor(counter);
        int error = NativeFiles.MakeDirectory(directory.Root, temporary);
        if (error == FileTrouble.NoEntry && FileWriter.MakeParents(directory, counter))
        {
            error = NativeFiles.MakeDirectory(directory.Root, temporary);
        }

        OpenDirectory.Check("make", temporary, error);
        error = NativeFiles.CreateNew(directory.Root, DirectoryLayout.NumberOf(temporary, number), out var file);
        file?.Dispose();
        error = error != 0 ? error : NativeFiles.Rename(directory.Root, temporary, counter);
        if (error == 0)
        {
            return true;
        }

        RemoveWhole(directory, temporary);
        OpenDirectory.Check("make", counter, error is FileTrouble.Exists or FileTrouble.NotEmpty ? 0 : error);
        return false;
    }

    private static bool Exists(OpenDirectory directory, string counter, long number) =>
        NativeFiles.Status(directory.Root, DirectoryLayout.NumberOf(counter, number), out _) == 0;

    private static long Highest(OpenDirectory directory, string counter) =>
        NumbersIn(directory, counter) is { Count: > 0 } numbers ? numbers[^1] : 0;

    private static List<long> NumbersIn(OpenDirectory directory, string counter)
    {
        List<long> numbers = [];
        foreach (string name in directory.NamesIn(counter))
        {
            if (long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                numbers.Add(number);
            }
        }

        numbers.Sort();
        return numbers;
    }

    private long Remember(string key, long number)
    {
        if (_highest.Count >= MaxRemembered)
        {
            _highest.Clear();
        }

        _highest.AddOrUpdate(key, number, (_, before) => Math.Max(before, number));
        return number;
    }
}
